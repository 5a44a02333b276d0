import type { ScenarioResult } from './driver.ts'
import { runGo, runJava, runNode, runPython, withProxy } from './grpc-cluster.ts'
import type { Engine } from './server.ts'
import type { Setting } from './setting.ts'
import { buildGrpcClient, buildGrpcGoClient, fetchGrpcNodeClient, fetchGrpcPythonClient } from './toolchain.ts'

const AREA = 'grpc'
const TOPICS = {
  'grpc-normal': 'NORMAL',
  'grpc-fifo': 'FIFO',
  'grpc-delay': 'DELAY',
  'grpc-transaction': 'TRANSACTION',
}
const ORDERED = ['g-fifo', 'g-dead-letter']
const SCENARIOS = [
  ...['push', 'async', 'big-body', 'tag-filter', 'sql-filter', 'fifo', 'delay', 'recall', 'transaction', 'orphans'],
  ...['simple', 'retry', 'dead-letter', 'refusals'],
]

/** Of Java by Apache's proxy: what asks most of brokers. */
const BRIEF_SCENARIOS = ['push', 'fifo', 'transaction', 'orphans', 'retry', 'dead-letter']

const CONF = { recallMessageEnable: true, transactionCheckInterval: 3000, transactionTimeOut: 2000 }
const NODE_SCENARIOS = ['push', 'fifo', 'delay', 'transaction', 'simple', 'retry']
/** Of the features of a client those that it has: this one cannot recall. */
const GO_SCENARIOS = [
  ...['push', 'async', 'big-body', 'tag-filter', 'sql-filter', 'fifo', 'delay', 'transaction'],
  ...['simple', 'retry'],
]
const PYTHON_SCENARIOS = ['push', 'sql-filter', 'fifo', 'delay', 'transaction', 'simple', 'retry']

/** Who runs the proxy, and the brokers behind it. */
interface Sides {
  readonly proxy: Engine
  readonly brokers: Engine
}

type Client = readonly [
  name: string,
  run: (endpoint: string, scenarios: readonly string[]) => Promise<ScenarioResult[]>,
  scenarios: readonly string[],
]

/** Official gRPC clients and our proxy before brokers of each kind; and Apache's proxy before our brokers, with one client. */
export async function grpc(setting: Setting): Promise<void> {
  const { dir, report, engine, wanted } = setting
  await buildGrpcClient()
  await fetchGrpcNodeClient()
  const go = await buildGrpcGoClient()
  const python = await fetchGrpcPythonClient()
  const java: Client = ['java', runJava, SCENARIOS.filter((scenario) => wanted(`grpc ${scenario}`))]
  const others: readonly Client[] = [
    ['node', runNode, NODE_SCENARIOS],
    ['go', runGo(go, dir), GO_SCENARIOS],
    ['python', runPython(python, dir), PYTHON_SCENARIOS],
  ]
  for (const brokers of [...new Set<Engine>(['apache', engine])].filter((one) => wanted(`grpc on ${one}`))) {
    await report.attempt(AREA, `proxy of ${engine}, brokers of ${brokers}`, () =>
      cell(setting, { proxy: engine, brokers }, [java, ...others]),
    )
  }
  if (engine === 'apache' || !wanted("grpc by Apache's proxy")) return
  const [name, run, scenarios] = java
  const some = scenarios.filter((scenario) => !setting.brief || BRIEF_SCENARIOS.includes(scenario))
  await report.attempt(AREA, `proxy of apache, brokers of ${engine}`, () =>
    cell(setting, { proxy: 'apache', brokers: engine }, [[name, run, some]]),
  )
}

async function cell({ dir, report }: Setting, { proxy, brokers }: Sides, clients: readonly Client[]): Promise<void> {
  const isTheirs = proxy === 'apache' && brokers !== 'apache'
  const where = isTheirs ? `Apache's proxy, ${brokers}` : brokers
  const name = isTheirs ? `grpc-apache-proxy-${brokers}` : `grpc-${brokers}`
  const options = { name, dir, engine: proxy, brokers, topics: TOPICS, groups: groups(), conf: CONF }
  await withProxy(options, async ({ address }) => {
    for (const [client, run, names] of clients) {
      const rows = await run(address, names)
      for (const row of rows) report.scenario(`gRPC ${client}, ${where}`, row)
      const every = `every scenario of ${client} ran on ${where}`
      report.check(AREA, every, rows.length === names.length, `${rows.length} of ${names.length} ended`)
    }
  })
}

function groups(): Record<string, object> {
  return Object.fromEntries(
    SCENARIOS.map((scenario) => {
      const consumeMessageOrderly = ORDERED.includes(`g-${scenario}`)
      const retries = scenario === 'dead-letter' ? { retryMaxTimes: 1 } : {}
      return [`g-${scenario}`, { consumeMessageOrderly, ...retries }]
    }),
  )
}
