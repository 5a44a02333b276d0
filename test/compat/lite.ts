import { runJava, withProxy } from './grpc-cluster.ts'
import { liteHandover } from './lite-handover.ts'
import { liteRecords } from './lite-records.ts'
import type { Engine } from './server.ts'
import type { Setting } from './setting.ts'
import { buildGrpcClient } from './toolchain.ts'

const AREA = 'lite topics'
const TOPIC = 'lite-parent'
const SCENARIOS = ['lite-shared', 'lite-exclusive', 'lite-position', 'lite-retry', 'lite-refusals']
const CONF = { enableLmq: true, enableMultiDispatch: true }
const BROKERS: readonly Engine[] = ['apache', 'gantry']

/**
 * Lite topics: answers as Apache's, the official mqadmin, a store that goes from one engine to the other, and the official client
 * through a proxy, before Apache's brokers and those of the engine under test.
 */
export async function lite(setting: Setting): Promise<void> {
  const { dir, report, engine, wanted, driver } = setting
  await report.attempt(AREA, 'records', async () => {
    const [ours, theirs] = [await liteRecords(engine, dir, driver), await liteRecords('apache', dir, driver)]
    for (const [name, records] of Object.entries(theirs)) {
      const [expected, actual] = [JSON.stringify(records, null, 1), JSON.stringify(ours[name], null, 1)]
      report.check(AREA, name, actual === expected, `ours ${actual}\nApache's ${expected}`)
    }
  })
  await report.attempt(AREA, 'handover', () => liteHandover(setting))
  await buildGrpcClient()
  const scenarios = SCENARIOS.filter((scenario) => wanted(scenario))
  const engines = engine === 'apache' ? (['apache'] as const) : BROKERS
  for (const brokers of engines.filter((one) => wanted(`lite on ${one}`))) {
    await report.attempt(AREA, `proxy of ${engine}, brokers of ${brokers}`, async () => {
      const topics = { [TOPIC]: 'LITE' }
      const options = { name: `lite-${brokers}`, dir, engine, brokers, topics, groups: groups(), conf: CONF }
      await withProxy(options, async ({ address }) => {
        const rows = await runJava(address, scenarios)
        for (const row of rows) report.scenario(`gRPC java, ${brokers}`, row)
        const name = `every scenario ran on ${brokers}`
        report.check(AREA, name, rows.length === scenarios.length, `${rows.length} of ${scenarios.length} ended`)
      })
    })
  }
}

function groups(): Record<string, object> {
  const bound = { '+lite.bind.topic': TOPIC }
  // Clients that fail are to be asked again soon.
  const groupRetryPolicy = { type: 'CUSTOMIZED', customizedRetryPolicy: { next: [1000, 1000, 1000] } }
  return {
    // Clients of other groups handle in parallel what has come at once.
    'g-lite-shared': { attributes: bound, consumeMessageOrderly: true },
    'g-lite-exclusive': { attributes: { ...bound, '+lite.sub.model': 'Exclusive' } },
    'g-lite-position': { attributes: bound },
    'g-lite-retry': { attributes: bound, groupRetryPolicy },
    'g-lite-refusals': { attributes: { ...bound, '+lite.sub.client.quota': '2' } },
    'g-regular': {},
  }
}
