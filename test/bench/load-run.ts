import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../compat/cluster.ts'
import { ask } from '../compat/remoting.ts'
import type { Server } from '../compat/server.ts'
import type { Figures } from './figures.ts'
import type { LoadResult } from './load/measured-window.ts'
import { cpuSeconds, memoryOf } from './process-figures.ts'

const loadDir = join(import.meta.dirname, 'load')
const referenceDir = join(import.meta.dirname, '../compat/reference')
const SAMPLE_MS = 250
/** What a load program may take beyond its warm-up and window. */
const GRACE_MS = 60_000

const children = new Set<ChildProcess>()

/** Ends every load program still running. */
export function stopAllLoads(): void {
  for (const child of children) child.kill('SIGKILL')
}

type LoadProgram =
  | 'lean-producer'
  | 'lean-transactions'
  | 'lean-timers'
  | 'lean-consumer'
  | 'latency-probe'
  | 'lean-popper'
  | 'lean-grpc-producer'
  | 'lean-grpc-consumer'
export type LoadOptions = Readonly<Record<string, string | number | true>>

/** Runs a load program to its end. @throws Error when it ends otherwise than with a result */
export async function runLoad<R = LoadResult>(
  program: LoadProgram | 'broker-groups',
  options: LoadOptions,
): Promise<R> {
  const args = Object.entries(options).flatMap(([key, value]) =>
    value === true ? [`--${key}`] : [`--${key}=${value}`],
  )
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', `${loadDir}/${program}.ts`, ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, GANTRY_NODE_OPTIONS: '' },
    },
  )
  const plannedMs = 1000 * (Number(options['warm-up'] ?? 2) + Number(options['seconds'] ?? 10))
  const output = await outputOf(child, plannedMs + GRACE_MS)
  const last = output.trimEnd().split('\n').at(-1) ?? ''
  if (!last.startsWith('{')) throw new Error(`${program} gave no result: ${last}`)
  return JSON.parse(last) as R
}

async function outputOf(child: ChildProcess, limitMs: number): Promise<string> {
  children.add(child)
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  let output = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (...end) => resolve(end))
  }).finally(() => {
    clearTimeout(timer)
    children.delete(child)
  })
  if (code !== 0) throw new Error(`a load program ended with ${code ?? signal}: ${output.slice(-500)}`)
  return output
}

/** Runs `work` and watches what memory a server takes meanwhile. */
async function withMemory<T>(server: Server, work: Promise<T>): Promise<{ value: T; memory: Figures }> {
  let rssMiB = 0
  let rssAnonMiB = 0
  const sample = (): void => {
    if (server.pid === undefined) return
    const memory = memoryOf(server.pid)
    rssMiB = Math.max(rssMiB, memory.rssMiB)
    rssAnonMiB = Math.max(rssAnonMiB, memory.rssAnonMiB)
  }
  const timer = setInterval(sample, SAMPLE_MS)
  try {
    const value = await work
    sample()
    return { value, memory: { rssMiB, rssAnonMiB } }
  } finally {
    clearInterval(timer)
  }
}

/** The pid of a server that has to be running. */
export function pidOf(server: Server): number {
  if (server.pid === undefined) throw new Error(`${server.name} (${server.engine}) does not run: ${server.logTail()}`)
  return server.pid
}

export function masterOf(cluster: Cluster): Server {
  return cluster.broker('broker-a')
}

/** A load program against the master of a cluster, with the memory that the master takes under it. */
export function loadMaster(cluster: Cluster, program: LoadProgram, options: LoadOptions): Promise<Figures> {
  return loadServer(masterOf(cluster), program, options)
}

export async function loadServer(master: Server, program: LoadProgram, options: LoadOptions): Promise<Figures> {
  const load = runLoad(program, { port: master.port, pid: pidOf(master), ...options })
  const { value, memory } = await withMemory(master, load)
  return { ...figuresOf(value), ...memory }
}

/** A load program against the proxy in the master's process. What it takes itself says whether it held the proxy back. */
export async function loadProxy(cluster: Cluster, program: LoadProgram, options: LoadOptions): Promise<Figures> {
  const master = masterOf(cluster)
  const port = Number(master.proxy?.['grpcServerPort'])
  const load = runLoad(program, { port, pid: pidOf(master), ...options })
  const { value, memory } = await withMemory(master, load)
  return { ...figuresOf(value), ...memory, loadCores: value.ownCpuSeconds / value.seconds }
}

/** A producer and a consumer side by side. Messages per CPU-second counts a message once written and once read as two. */
export async function loadMasterBothWays(cluster: Cluster, options: LoadOptions): Promise<Figures> {
  const master = masterOf(cluster)
  const common = { port: master.port, pid: pidOf(master), ...options }
  const consuming = runLoad('lean-consumer', { ...common, tail: true })
  const producing = runLoad('lean-producer', common)
  const { value, memory } = await withMemory(master, Promise.all([producing, consuming]))
  const [produced, consumed] = value
  const operations = produced.messages + consumed.messages
  return {
    ...figuresOf(produced),
    consumedTps: consumed.tps,
    perCpuSecond: operations / produced.brokerCpuSeconds,
    ...memory,
  }
}

function figuresOf(result: LoadResult): Figures {
  const { tps, averageMs, p50Ms, p99Ms, messages, refused, brokerCpuSeconds } = result
  // Its times are null then.
  if (messages === 0) throw new Error(`the load ended without a message that was answered; ${refused} were refused`)
  const perCpuSecond = messages / brokerCpuSeconds
  return { tps, perCpuSecond, averageMs, p50Ms, p99Ms, refused: refused / Math.max(1, refused + messages) }
}

/** How many messages a topic has, over all queues of its master. */
async function messagesIn(master: Server, topic: string, queues: number): Promise<number> {
  let sum = 0
  for (let queueId = 0; queueId < queues; queueId++) {
    const answer = await ask(master.address, { code: 30, extFields: { topic, queueId: String(queueId) } })
    sum += Number(answer.extFields['offset'])
  }
  return sum
}

/**
 * The official benchmark producer with 64 threads, and on request the official consumer. Messages are counted at the
 * broker; times are those of the producer's last line, an average over ten seconds.
 */
export async function loadOfficially(
  cluster: Cluster,
  options: { topic: string; size: number; warmUpSeconds: number; seconds: number; withConsumer: boolean },
): Promise<Figures> {
  const master = masterOf(cluster)
  const { topic } = options
  const producer = startOfficial(cluster, 'bench-producer.sh', ['-t', topic, '-w', '64', '-s', String(options.size)])
  const consumer = options.withConsumer
    ? startOfficial(cluster, 'bench-consumer.sh', ['-t', topic, '-w', '20', '-g', 'bench_consumer'])
    : undefined
  try {
    await pause(options.warmUpSeconds * 1000)
    const pid = pidOf(master)
    const before = { messages: await messagesIn(master, topic, 8), cpu: cpuSeconds(pid), at: performance.now() }
    const { memory } = await withMemory(master, pause(options.seconds * 1000))
    const messages = (await messagesIn(master, topic, 8)) - before.messages
    const cpu = cpuSeconds(pid) - before.cpu
    const tps = (messages * 1000) / (performance.now() - before.at)
    const [averageMs] = producer.lastNumbers(/Average RT\(ms\):\s+([\d.]+)/g)
    const [consumedTps] = consumer?.lastNumbers(/Consume TPS: (\d+)/g) ?? []
    if (messages === 0) throw new Error(`the official producer sent nothing: ${producer.tail()}`)
    const read = consumedTps === undefined ? {} : { consumedTps }
    const times = averageMs === undefined ? {} : { averageMs }
    return { tps, ...read, perCpuSecond: messages / cpu, ...times, ...memory }
  } finally {
    await consumer?.stop()
    await producer.stop()
  }
}

function startOfficial(cluster: Cluster, script: string, args: string[]) {
  const home = join(masterOf(cluster).dir, `${script}-home`)
  mkdirSync(home, { recursive: true })
  const child = spawn(join(referenceDir, script), [...args, '-ri', '1000'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NAMESRV_ADDR: cluster.namesrv.address, RMQ_HOME_DIR: home, RMQ_CLIENT_HEAP: '512m' },
  })
  children.add(child)
  let text = ''
  const keep = (part: string): void => {
    text = (text + part).slice(-10_000)
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      keep(error.message)
      resolve()
    })
    child.once('close', () => resolve())
  })
  return {
    tail: () => text.slice(-1000),
    /** The first group of the pattern's last match. */
    lastNumbers: (pattern: RegExp) => [...text.matchAll(pattern)].slice(-1).map((match) => Number(match[1])),
    stop: async () => {
      // Its shutdown hook waits for sends under way; what it would still send is of no use.
      child.kill('SIGKILL')
      await ended
      children.delete(child)
    },
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
