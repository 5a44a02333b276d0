// The compatibility suite: node test/compat/run.ts [--engine gantry|apache] [--only PATTERN] [--brief] [--lanes N] [--again] [--keep]
// Official clients and the official mqadmin against the engine under test, and both engines mixed.
// With --again a part that fails is run once more when all others are over. With --brief gRPC clients run on our brokers alone, and few of their scenarios
// by Apache's proxy.
// With --lanes N that many parts run side by side: most of their time they wait for something.
// With --engine apache everything runs on Apache RocketMQ: that proves the tests themselves.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { acl } from './acl.ts'
import { actingMasters } from './acting-master.ts'
import { adminCommands } from './admin.ts'
import { autoSwitchInterop } from './auto-switch.ts'
import { batchQueues } from './batch-queues.ts'
import { broadcastOffsets } from './broadcast.ts'
import { clientScenarios } from './clients.ts'
import { coldData } from './cold-data.ts'
import { compaction } from './compaction.ts'
import { controllerAdmin } from './controller-admin.ts'
import { controllers } from './controllers.ts'
import { Driver } from './driver.ts'
import { filters } from './filters.ts'
import { grpc } from './grpc.ts'
import { grpcAcl } from './grpc-acl.ts'
import { storeHandover } from './handover.ts'
import { lightQueues } from './light-queues.ts'
import { lite } from './lite.ts'
import { mixedClusters } from './mixed.ts'
import { pop } from './pop.ts'
import { proxyRemoting } from './proxy-remoting.ts'
import { Report } from './report.ts'
import { type Engine, stopAllServers, withOwnServers } from './server.ts'
import type { Setting } from './setting.ts'
import { staticTopics } from './static-topics.ts'
import { timers } from './timers.ts'
import { tls } from './tls.ts'
import { buildCommon, missingTools } from './toolchain.ts'
import { transactions } from './transactions.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'gantry' },
    only: { type: 'string', default: '' },
    again: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
    lanes: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
})
if (values.engine !== 'gantry' && values.engine !== 'apache') {
  console.error(`--engine ${values.engine}: must be gantry or apache`)
  process.exit(2)
}
const lanes = Number(values.lanes)
if (!Number.isInteger(lanes) || lanes < 1 || lanes > 4) {
  console.error(`--lanes ${values.lanes}: must be 1 to 4`)
  process.exit(2)
}
const missing = missingTools()
if (missing.length > 0) {
  console.error(`${missing.join('\n')}\n0 passed, ${missing.length} failed`)
  process.exit(1)
}

type Part = { name: string; run: (setting: Setting) => Promise<void> }
const parts: readonly Part[] = [
  { name: 'clients', run: clientScenarios },
  { name: 'admin', run: adminCommands },
  { name: 'mixed', run: mixedClusters },
  { name: 'acting-master', run: actingMasters },
  { name: 'handover', run: storeHandover },
  { name: 'controllers', run: controllers },
  { name: 'controller-admin', run: controllerAdmin },
  { name: 'auto-switch', run: autoSwitchInterop },
  { name: 'filters', run: filters },
  { name: 'transactions', run: transactions },
  { name: 'timers', run: timers },
  { name: 'pop', run: pop },
  { name: 'broadcast', run: broadcastOffsets },
  { name: 'light-queues', run: lightQueues },
  { name: 'batch-queues', run: batchQueues },
  { name: 'compaction', run: compaction },
  { name: 'static-topics', run: staticTopics },
  { name: 'cold-data', run: coldData },
  { name: 'tls', run: tls },
  { name: 'grpc', run: grpc },
  { name: 'lite', run: lite },
  { name: 'acl of the proxy', run: grpcAcl },
  { name: 'remoting clients of the proxy', run: proxyRemoting },
  { name: 'acl', run: acl },
]

const dir = mkdtempSync(join(tmpdir(), 'gantry-compat-'))
const report = new Report({ again: values.again })
const drivers: Driver[] = []
function openDriver(serialization: 'JSON' | 'ROCKETMQ'): Driver {
  const home = join(dir, `driver-${serialization.toLowerCase()}`)
  mkdirSync(home, { recursive: true })
  const driver = new Driver(serialization, home)
  drivers.push(driver)
  return driver
}

async function cleanUp(): Promise<void> {
  for (const driver of drivers.splice(0)) await driver.close()
  await stopAllServers()
  if (values.keep) console.log(`kept: ${dir}`)
  else rmSync(dir, { recursive: true, force: true })
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)))
}

const pattern = new RegExp(values.only)

async function runPart({ name, run }: Part, setting: Setting): Promise<void> {
  // `--only admin` picks a part, `--only "java.*retry"` picks scenarios inside the clients part.
  const whole = pattern.test(name)
  if (!whole && name !== 'clients') return
  const isLeftOut = (scenario: string): boolean => values.brief && scenario.endsWith(' on apache')
  const wanted = (scenario: string): boolean => (whole || pattern.test(scenario)) && !isLeftOut(scenario)
  const ownDir = join(dir, name.replaceAll(' ', '-'))
  mkdirSync(ownDir, { recursive: true })
  // Apache's brokers cost a fifth of a processor each, idle, and more without their controllers.
  await report.part(name, ownDir, (report, dir) => withOwnServers(() => run({ ...setting, report, dir, wanted })))
}

try {
  await buildCommon()
  let binary: Driver | undefined
  const setting: Setting = {
    engine: values.engine as Engine,
    dir,
    report,
    driver: openDriver('JSON'),
    binaryDriver: () => {
      binary ??= openDriver('ROCKETMQ')
      return binary
    },
    brief: values.brief,
    wanted: () => true,
  }
  const left = [...parts]
  const runLane = async (): Promise<void> => {
    for (let part = left.shift(); part !== undefined; part = left.shift()) await runPart(part, setting)
  }
  await Promise.all(Array.from({ length: lanes }, runLane))
  await report.repeatFailedParts()
} catch (error) {
  report.check('suite', 'set-up', false, error instanceof Error ? error.message : String(error))
} finally {
  await cleanUp()
}
process.exit(report.finish() === 0 ? 0 : 1)
