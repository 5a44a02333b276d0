/*
 * Plays the brokers of many groups to a quorum of controllers: they apply for their ids, the first of each group is
 * elected, then each sends its heartbeat to every controller once a second and asks the leader for its replica info every
 * five, as official brokers do by default. The last line it prints is a BrokerGroupsResult.
 *
 *   node test/bench/load/broker-groups.ts --controllers host:port,... [--groups 10000] [--replicas 1] [--connections 100]
 *     [--warm-up 5] [--seconds 10] [--pids <controllers>]
 *
 * --connections N   to each controller, shared by all brokers; 0: one for each broker
 */
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { ask, encodeRequest, splitFrames } from '../../compat/remoting.ts'
import { cpuSeconds, memoryOf } from '../process-figures.ts'

const { values } = parseArgs({
  options: {
    controllers: { type: 'string' },
    groups: { type: 'string', default: '10000' },
    replicas: { type: 'string', default: '1' },
    connections: { type: 'string', default: '100' },
    'warm-up': { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    pids: { type: 'string', default: '' },
  },
})

export interface BrokerGroupsResult {
  readonly brokers: number
  /** From the first application for an id to the last election. */
  readonly introducedMs: number
  /** Heartbeats that reached one controller in the window. */
  readonly beats: number
  readonly seconds: number
  /** Per controller, in the order of --pids. */
  readonly cpuSeconds: readonly number[]
  readonly rssMiB: readonly number[]
}

const ONEWAY = 2
const SLICES_PER_SECOND = 20
const POLL_EVERY_SECONDS = 5
/** Requests under way while brokers are introduced. */
const WINDOW = 1000
const ROUNDS_MAX = 20

const controllers = (values.controllers ?? '').split(',')
const groupCount = Number(values.groups)
const replicas = Number(values.replicas)
const brokerCount = groupCount * replicas
const connections = Number(values.connections) || brokerCount
const pids = values.pids.split(',').filter((pid) => pid !== '')

let leader = await leaderAddress()
const links = new Map<string, Link[]>()
for (const address of controllers) links.set(address, await openAll(address))

const introducedMs = await introduce()
const beats = Array.from({ length: brokerCount }, (_, broker) => beatFrame(broker))
const polls = Array.from({ length: brokerCount }, (_, broker) => pollFrame(broker))

await beatFor(Number(values['warm-up']))
const cpuBefore = pids.map(cpuSeconds)
const startedAt = performance.now()
await beatFor(Number(values.seconds))
const seconds = (performance.now() - startedAt) / 1000
const result: BrokerGroupsResult = {
  brokers: brokerCount,
  introducedMs,
  beats: brokerCount * Number(values.seconds),
  seconds,
  cpuSeconds: pids.map((pid, index) => cpuSeconds(pid) - cpuBefore[index]!),
  rssMiB: pids.map((pid) => memoryOf(Number(pid)).rssMiB),
}
console.log(JSON.stringify(result))
process.exit(0)

/** A connection whose answers are counted, and looked at for refusals while brokers are introduced. */
interface Link {
  readonly socket: Socket
  readonly answered: { onAnswer: (code: number, opaque: number) => void }
}

async function leaderAddress(): Promise<string> {
  for (let tries = 0; tries < 300; tries++) {
    const { extFields } = await ask(controllers[0]!, { code: 1005 })
    const found = extFields['controllerLeaderAddress']
    if (found) return found
    await pause(100)
  }
  throw new Error(`no leader among ${controllers.join(', ')}`)
}

async function openAll(address: string): Promise<Link[]> {
  const [host, port] = address.split(':') as [string, string]
  const opened: Link[] = []
  for (let i = 0; i < connections; i++) opened.push(await open(host, Number(port)))
  return opened
}

function open(host: string, port: number): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const answered: Link['answered'] = { onAnswer: () => undefined }
    let pending: Buffer = Buffer.alloc(0)
    socket.once('error', reject)
    socket.once('connect', () => resolve({ socket, answered }))
    socket.on('close', () => {
      console.error(`lost a connection to ${host}:${port}`)
      process.exit(1)
    })
    socket.on('data', (chunk) => {
      const split = splitFrames(pending.length === 0 ? chunk : Buffer.concat([pending, chunk]))
      pending = split.rest
      for (const frame of split.frames) answered.onAnswer(numberIn(frame, 'code'), numberIn(frame, 'opaque'))
    })
  })
}

function numberIn(frame: Buffer, name: string): number {
  const header = frame.toString('latin1', 8, 8 + (frame.readInt32BE(4) & 0xffffff))
  return Number(new RegExp(`"${name}":(\\d+)`).exec(header)?.[1])
}

async function introduce(): Promise<number> {
  const started = performance.now()
  await answers(brokerCount, applyFrame)
  await answers(groupCount, electFrame)
  return performance.now() - started
}

/** Asks until each request was answered with success; those of a controller that lost its lead are asked of the next one. */
async function answers(count: number, frameOf: (index: number) => Buffer): Promise<void> {
  let open = Array.from({ length: count }, (_, index) => index)
  for (let round = 0; open.length > 0 && round < ROUNDS_MAX; round++) {
    open = await refusedOf(links.get(leader)!, open, frameOf)
    if (open.length > 0) leader = await leaderAddress()
  }
  if (open.length > 0) throw new Error(`${open.length} brokers were refused again and again`)
}

/** Sends requests, a window of them at a time; returns those that were refused. */
function refusedOf(
  toLeader: readonly Link[],
  requests: readonly number[],
  frameOf: (index: number) => Buffer,
): Promise<number[]> {
  return new Promise((resolve) => {
    const refused: number[] = []
    let sent = 0
    let done = 0
    const sendNext = (): void => {
      if (sent === requests.length) return
      toLeader[sent % toLeader.length]!.socket.write(frameOf(requests[sent]!))
      sent++
    }
    for (const { answered } of toLeader) {
      answered.onAnswer = (code, opaque) => {
        // 2011: there is a master, from a round before.
        if (code !== 0 && code !== 2011) refused.push(opaque)
        if (++done === requests.length) resolve(refused)
        else sendNext()
      }
    }
    for (let i = 0; i < WINDOW; i++) sendNext()
  })
}

async function beatFor(secondsLong: number): Promise<void> {
  for (const all of links.values()) for (const { answered } of all) answered.onAnswer = () => undefined
  const slices = secondsLong * SLICES_PER_SECOND
  const start = performance.now()
  for (let slice = 0; slice < slices; slice++) {
    const part = slice % SLICES_PER_SECOND
    const second = Math.floor(slice / SLICES_PER_SECOND)
    const from = Math.floor((brokerCount * part) / SLICES_PER_SECOND)
    const to = Math.floor((brokerCount * (part + 1)) / SLICES_PER_SECOND)
    for (const [address, all] of links) {
      for (let broker = from; broker < to; broker++) {
        const { socket } = all[broker % all.length]!
        socket.write(beats[broker]!)
        if (address === leader && (broker + second) % POLL_EVERY_SECONDS === 0) socket.write(polls[broker]!)
      }
    }
    const dueMs = start + ((slice + 1) * 1000) / SLICES_PER_SECOND
    await pause(Math.max(0, dueMs - performance.now()))
  }
}

function groupOf(broker: number) {
  const group = Math.floor(broker / replicas)
  return { clusterName: 'DefaultCluster', brokerName: `broker-group-${group}` }
}

function addressOf(broker: number): string {
  return `10.${(broker >> 16) & 255}.${(broker >> 8) & 255}.${broker & 255}:10911`
}

function brokerIdOf(broker: number): string {
  return String((broker % replicas) + 1)
}

function applyFrame(broker: number): Buffer {
  const extFields = {
    ...groupOf(broker),
    appliedBrokerId: brokerIdOf(broker),
    registerCheckCode: `${addressOf(broker)};1795646574032`,
  }
  return encodeRequest({ code: 1013, opaque: broker, extFields })
}

function electFrame(group: number): Buffer {
  const extFields = { ...groupOf(group * replicas), brokerId: '1', designateElect: 'false' }
  return encodeRequest({ code: 1002, opaque: group, extFields })
}

function beatFrame(broker: number): Buffer {
  const extFields = {
    ...groupOf(broker),
    brokerAddr: addressOf(broker),
    brokerId: brokerIdOf(broker),
    epoch: '1',
    maxOffset: '123456789012',
    confirmOffset: '123456789012',
    heartbeatTimeoutMills: '10000',
    electionPriority: '2147483647',
  }
  return encodeRequest({ code: 904, opaque: broker, flag: ONEWAY, extFields })
}

function pollFrame(broker: number): Buffer {
  return encodeRequest({ code: 1004, opaque: broker, extFields: { brokerName: groupOf(broker).brokerName } })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
