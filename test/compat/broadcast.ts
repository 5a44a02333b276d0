import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
import { layOutCluster } from './cluster.ts'
import { configText } from './files.ts'
import { ask, createTopic } from './remoting.ts'
import type { Engine } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'broadcast offsets'
const TOPIC = 'broadcasts'
const GROUP = 'listeners'
const PROXY_FOR_BROADCAST = '1'
/** Apache's broker commits every five seconds, and saves a second later. */
const COMMITTED_AFTER_MS = 8_000

/** Pulls as a proxy makes them for clients of a broadcasting group: the same answers and saved offsets as Apache's broker. */
export async function broadcastOffsets({ dir, report, engine }: Setting): Promise<void> {
  await report.attempt(AREA, 'records', async () => {
    const [ours, theirs] = [await recordsOf(engine, dir), await recordsOf('apache', dir)]
    for (const [name, record] of Object.entries(theirs)) {
      const [expected, actual] = [JSON.stringify(record), JSON.stringify(ours[name])]
      report.check(AREA, name, actual === expected, `ours ${actual}\nApache's ${expected}`)
    }
  })
}

async function recordsOf(engine: Engine, dir: string): Promise<Record<string, unknown>> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const cluster = await layOutCluster({ name: `broadcast-${engine}`, dir, namesrvEngine: 'gantry', brokers })
  await cluster.start()
  const broker = cluster.broker('broker-a')
  const { address } = broker
  try {
    await createTopic(address, TOPIC, 1)
    for (const body of ['one', 'two', 'three']) await send(address, body)
    const shown: Record<string, unknown> = {}
    shown['a begins'] = await pull(address, 'a', -1)
    shown['a pulls'] = await pull(address, 'a', 0)
    shown['a goes on'] = await pull(address, 'a', 3)
    shown['a forgot'] = await pull(address, 'a', -1)
    shown['b pulls'] = await pull(address, 'b', 1)
    shown['b goes back'] = await pull(address, 'b', 0)
    shown['b forgot'] = await pull(address, 'b', -1)
    await new Promise((resolve) => setTimeout(resolve, COMMITTED_AFTER_MS))
    shown['c begins'] = await pull(address, 'c', -1)
    await broker.stop()
    const text = configText(String(broker.conf['storePathRootDir']), 'consumerOffset.json').replaceAll(
      /(\d+):/g,
      '"$1":',
    )
    shown['saved'] = (JSON.parse(text) as { offsetTable: Record<string, unknown> }).offsetTable[
      `${TOPIC}@${GROUP}@broadcast`
    ]
    return shown
  } finally {
    await cluster.stop()
  }
}

async function send(address: string, body: string): Promise<void> {
  const extFields = {
    ...{ a: 'producers', b: TOPIC, c: 'TBW102', d: '4', e: '0', f: '0', g: '1700000000000', h: '0' },
    ...{ i: '', j: '0', k: 'false', m: 'false' },
  }
  const answer = await ask(address, { code: 310, extFields, body: Buffer.from(body) })
  if (answer.code !== 0) throw new Error(`${body} refused: ${answer.code} ${answer.remark}`)
}

async function pull(address: string, client: string, offset: number): Promise<object> {
  const extFields = {
    ...{ consumerGroup: GROUP, topic: TOPIC, queueId: '0', queueOffset: String(offset), maxMsgNums: '32' },
    ...{ sysFlag: '4', commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0' },
    ...{ expressionType: 'TAG', requestSource: PROXY_FOR_BROADCAST, proxyFrowardClientId: client },
  }
  const { code, extFields: fields, body } = await ask(address, { code: 11, extFields })
  const bodies = code === 0 ? decodeMessages(body).map((message) => message.body.toString()) : []
  return { code, next: fields['nextBeginOffset'], bodies }
}
