import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Cluster, layOutCluster } from './cluster.ts'
import type { ScenarioResult } from './driver.ts'
import { createGroup, createTopic, type Keys, routeOf } from './remoting.ts'
import { type Engine, freePortBlock, Server, waitUntil } from './server.ts'

const CLUSTER = 'CompatCluster'
const PROGRAM_LIMIT_MS = 900_000

type Conf = Record<string, string | number | boolean>

/** Brokers, a proxy before them, and what clients need there. */
interface ProxyOptions {
  readonly name: string
  readonly dir: string
  readonly engine: Engine
  readonly brokers: Engine
  /** Types of topics, by name. */
  readonly topics: Readonly<Record<string, string>>
  /** Settings of groups, by name. */
  readonly groups: Readonly<Record<string, object>>
  readonly conf?: Conf
  readonly proxyConf?: Conf
  /** A super user, where brokers check. */
  readonly keys?: Keys
}

/** Two brokers and a proxy for as long as `use` lasts. */
export async function withProxy<T>(
  { name, dir, engine, brokers, topics, groups, keys, ...options }: ProxyOptions,
  use: (proxy: Server, cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await layOutCluster({
    name,
    dir,
    namesrvEngine: brokers,
    brokers: [
      { group: 'broker-a', id: 0, engine: brokers },
      { group: 'broker-b', id: 0, engine: brokers },
    ],
    conf: { brokerClusterName: CLUSTER, enablePropertyFilter: true, ...options.conf },
  })
  await cluster.start()
  const proxy = await proxyOf(cluster, engine, join(dir, name), options.proxyConf)
  try {
    for (const { address } of cluster.masters) {
      for (const [topic, type] of Object.entries(topics)) {
        await createTopic(address, topic, 4, `+message.type=${type}`, keys)
      }
      for (const [group, settings] of Object.entries(groups)) await createGroup(address, group, settings, keys)
    }
    for (const topic of Object.keys(topics)) {
      await waitUntil(`route of ${topic}`, 60_000, async () => {
        return (await routeOf(cluster.namesrv.address, topic)).length === cluster.masters.length
      })
    }
    await proxy.start()
    return await use(proxy, cluster)
  } finally {
    await proxy.stop()
    await cluster.stop()
  }
}

/** Not started yet. */
export async function proxyOf(cluster: Cluster, engine: Engine, dir: string, conf: Conf = {}): Promise<Server> {
  const port = await freePortBlock()
  return new Server({
    ...{ name: `proxy-${engine}-${port}`, kind: 'proxy', engine, port, dir, jvm: '' },
    conf: {
      ...{ rocketMQClusterName: CLUSTER, namesrvAddr: cluster.namesrv.address, grpcServerPort: port },
      // A consumer that closes waits for its last request.
      ...{ grpcClientConsumerMinLongPollingTimeoutMillis: 1000, grpcClientConsumerMaxLongPollingTimeoutMillis: 5000 },
      remotingListenPort: port + 1,
      ...(engine === 'gantry' ? { bindAddress: '127.0.0.1' } : { remotingAccessAddr: '127.0.0.1' }),
      ...conf,
    },
  })
}

/** One JVM runs all scenarios, in turn, and prints a line for each. It speaks TLS, which is the client's default. */
export function runJava(
  endpoint: string,
  scenarios: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<ScenarioResult[]> {
  const java = join(import.meta.dirname, 'grpc-java/target')
  const classPath = `${join(java, 'classes')}:${join(java, 'lib')}/*`
  const given = Object.entries(settings).map(([key, value]) => `-D${key}=${value}`)
  const args = ['-XX:TieredStopAtLevel=1', '-Xmx512m', ...given, '-cp', classPath]
  return rowsOf('java', [...args, 'gantry.compat.grpc.Main', endpoint, 'true', ...scenarios])
}

/** Without TLS: this client does not take a certificate that nobody vouches for. */
export function runNode(endpoint: string, scenarios: readonly string[]): Promise<ScenarioResult[]> {
  return rowsOf(process.execPath, [join(import.meta.dirname, 'grpc-node/client.mjs'), endpoint, ...scenarios])
}

/** Without TLS, as with Node. It writes its log to the user's home: that is the suite's folder. */
export const runPython =
  (interpreter: string, home: string) =>
  (endpoint: string, scenarios: readonly string[]): Promise<ScenarioResult[]> =>
    rowsOf(interpreter, [join(import.meta.dirname, 'grpc-python/client.py'), endpoint, ...scenarios], { HOME: home })

/** With TLS, as with Java. It writes its log to the suite's folder. */
export const runGo =
  (program: string, logRoot: string) =>
  (endpoint: string, scenarios: readonly string[]): Promise<ScenarioResult[]> =>
    rowsOf(program, [endpoint, ...scenarios], { 'rocketmq.client.logRoot': logRoot })

function rowsOf(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ScenarioResult[]> {
  return new Promise((resolve, reject) => {
    const rows: ScenarioResult[] = []
    let errors = ''
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PROGRAM_LIMIT_MS,
    })
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('{"scenario"')) rows.push(JSON.parse(line) as ScenarioResult)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000)
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (rows.length > 0) resolve(rows)
      else reject(new Error(`the gRPC client ended with ${code ?? signal}:\n${errors}`))
    })
  })
}
