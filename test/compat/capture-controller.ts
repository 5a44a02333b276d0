// Records how a real Apache controller answers, into runtime/controller/golden/exchanges.jsonl:
//   node test/compat/capture-controller.ts
// The brokers are played: each has a connection to the controller and a port that takes its notifications.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeFrame, encodeRequest, type Frame, splitFrames } from './remoting.ts'
import { freePortBlock, Server, stopAllServers, waitUntil } from './server.ts'

const ANSWER_LIMIT_MS = 10_000
/** What a controller does by itself (elections, notifications) has happened after this time. */
const SETTLE_MS = 1500
/** Longer than the recording: nobody dies of silence. */
const HEARTBEAT_TIMEOUT_MS = '600000'

type Fields = Record<string, string>

/** One line of the file: something that happened on a connection, and what came of it. */
type Step =
  | { on: string; code: number; fields: Fields; body?: string; answer: Answer }
  | { close: string }
  | { notified: Notification[] }
  | { controller: string; peers: string; leads: boolean }

type Answer = { code: number; remark: string | null; fields: Fields; body?: string }
type Notification = { to: string; fields: Fields; body: string; oneway: boolean }

const steps: Step[] = []
const notified: Notification[] = []

class PlayedBroker {
  readonly name: string
  readonly address: string
  #socket: Socket | undefined
  #opaque = 0
  readonly #waiting = new Map<number, (frame: Frame) => void>()

  constructor(name: string, address: string) {
    this.name = name
    this.address = address
  }

  async ask(controller: string, code: number, fields: Fields = {}, body?: string): Promise<Answer> {
    this.#socket ??= this.#open(controller)
    const socket = this.#socket
    const opaque = ++this.#opaque
    const frame = await new Promise<Frame>((resolve, reject) => {
      setTimeout(() => reject(new Error(`no answer to ${code}`)), ANSWER_LIMIT_MS).unref()
      this.#waiting.set(opaque, resolve)
      socket.write(
        encodeRequest({ code, opaque, extFields: fields, ...(body === undefined ? {} : { body: Buffer.from(body) }) }),
      )
    })
    const { remark, extFields } = frame
    const answer = { code: frame.code, remark, fields: extFields }
    return frame.body.length === 0 ? answer : { ...answer, body: frame.body.toString('utf8') }
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open(controller: string): Socket {
    const [host, port] = controller.split(':') as [string, string]
    const socket = connect(Number(port), host)
    let pending: Buffer = Buffer.alloc(0)
    socket.on('error', (error) => console.error(`${this.name}: ${error.message}`))
    socket.on('data', (chunk) => {
      const split = splitFrames(Buffer.concat([pending, chunk]))
      pending = split.rest
      for (const frame of split.frames.map(decodeFrame)) this.#waiting.get(frame.opaque)?.(frame)
    })
    return socket
  }
}

/** A broker that listens for notifications. */
async function playBroker(name: string): Promise<PlayedBroker> {
  const port = await freePortBlock()
  const address = `127.0.0.1:${port}`
  const listener = createServer((socket) => {
    let pending: Buffer = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      const split = splitFrames(Buffer.concat([pending, chunk]))
      pending = split.rest
      for (const frame of split.frames.map(decodeFrame)) {
        if (frame.code !== 1008) continue
        const oneway = (frame.flag & 2) === 2
        notified.push({ to: address, fields: frame.extFields, body: frame.body.toString('utf8'), oneway })
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(port, '127.0.0.1', resolve)
  })
  listener.unref()
  return new PlayedBroker(name, address)
}

/** Asks and records. */
async function say(
  who: PlayedBroker,
  controller: string,
  code: number,
  fields: Fields = {},
  body?: string,
): Promise<Answer> {
  const answer = await who.ask(controller, code, fields, body)
  steps.push({ on: who.name, code, fields, ...(body === undefined ? {} : { body }), answer })
  console.log(who.name, code, JSON.stringify(fields), body ?? '', '->', JSON.stringify(answer))
  return answer
}

/** Waits for what the controller does by itself and records whom it notified. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const seen = notified.splice(0).sort((a, b) => a.to.localeCompare(b.to))
  steps.push({ notified: seen })
  console.log('notified', JSON.stringify(seen))
}

function close(who: PlayedBroker): void {
  who.close()
  steps.push({ close: who.name })
  console.log('close', who.name)
}

const group = { clusterName: 'c1', brokerName: 'broker-a' }

/** The request of a group's broker by its id. */
const elect = (brokerId: number, designateElect = false): Fields => ({
  ...group,
  brokerId: String(brokerId),
  designateElect: String(designateElect),
  invokeTime: '1',
})
const alter = (masterBrokerId: number, masterEpoch: number, brokerName = 'broker-a'): Fields => ({
  brokerName,
  masterBrokerId: String(masterBrokerId),
  masterEpoch: String(masterEpoch),
  invokeTime: '1',
})
const set = (epoch: number, ...ids: number[]): string => JSON.stringify({ syncStateSet: ids, syncStateSetEpoch: epoch })
const apply = (id: number, checkCode: string): Fields => ({
  ...group,
  appliedBrokerId: String(id),
  registerCheckCode: checkCode,
})
const register = (id: number, brokerAddress: string): Fields => ({
  ...group,
  brokerId: String(id),
  brokerAddress,
  invokeTime: '0',
})
const beat = (id: number, brokerAddr: string, epoch = 1, maxOffset = 100, priority = '2147483647'): Fields => ({
  ...group,
  brokerAddr,
  brokerId: String(id),
  epoch: String(epoch),
  maxOffset: String(maxOffset),
  confirmOffset: String(maxOffset),
  heartbeatTimeoutMills: HEARTBEAT_TIMEOUT_MS,
  electionPriority: priority,
})
const clean = (ids: string | undefined, isCleanLivingBroker: boolean, brokerName = 'broker-a'): Fields => ({
  clusterName: 'c1',
  brokerName,
  ...(ids === undefined ? {} : { brokerControllerIdsToClean: ids }),
  isCleanLivingBroker: String(isCleanLivingBroker),
  invokeTime: '1',
})

async function unknownGroup(tool: PlayedBroker, controller: string): Promise<void> {
  await say(tool, controller, 1005)
  await say(tool, controller, 1004, { brokerName: 'broker-a' })
  await say(tool, controller, 1012, group)
  await say(tool, controller, 1002, elect(1))
  await say(tool, controller, 1002, elect(-1, true))
  await say(tool, controller, 1003, register(1, '127.0.0.1:1'))
  await say(tool, controller, 1001, alter(1, 1), set(1, 1, 2))
  await say(tool, controller, 1011, clean(undefined, false))
  await say(tool, controller, 1011, clean(undefined, true))
  await say(tool, controller, 1006, {}, '["broker-a"]')
  await say(tool, controller, 1006)
  await say(tool, controller, 1006, {}, '[]')
  await say(tool, controller, 1013, apply(2, '127.0.0.1:1;1000'))
  await say(tool, controller, 9999)
  // A field that is missing.
  await say(tool, controller, 1004)
  await say(tool, controller, 1002, { brokerName: 'broker-a' })
  await say(tool, controller, 904, { clusterName: 'c1', brokerName: 'broker-a', brokerAddr: '127.0.0.1:1' })
  await say(tool, controller, 904, { brokerName: 'broker-a', brokerAddr: '127.0.0.1:1', brokerId: '1' })
  await say(tool, controller, 1011, {})
}

async function brokerIds(tool: PlayedBroker, brokers: PlayedBroker[], controller: string): Promise<void> {
  const [one, two, three, four] = brokers as [PlayedBroker, PlayedBroker, PlayedBroker, PlayedBroker]
  await say(one, controller, 1013, apply(1, `${one.address};1000`))
  await say(one, controller, 1013, apply(1, `${one.address};1000`))
  await say(two, controller, 1013, apply(1, `${two.address};1001`))
  await say(two, controller, 1012, group)
  await say(two, controller, 1013, apply(2, `${two.address};1001`))
  await say(three, controller, 1013, apply(3, `${three.address};1002`))
  await say(four, controller, 1013, apply(4, `${four.address};1003`))
  await say(tool, controller, 1012, group)
  await say(tool, controller, 1004, { brokerName: 'broker-a' })
  await say(tool, controller, 1006, {}, '["broker-a"]')
  await say(one, controller, 1003, register(1, one.address))
  await say(tool, controller, 1003, register(9, '127.0.0.1:1'))
  // Nobody is alive yet, and there was never a master: who asks first becomes it.
  await say(one, controller, 1002, elect(1))
  await settle()
}

async function syncStateSets(tool: PlayedBroker, brokers: PlayedBroker[], controller: string): Promise<void> {
  const [one, two, three] = brokers as [PlayedBroker, PlayedBroker, PlayedBroker, PlayedBroker]
  await say(one, controller, 904, beat(1, one.address))
  await say(two, controller, 904, beat(2, two.address))
  await say(three, controller, 904, beat(3, three.address))
  await say(tool, controller, 1004, { brokerName: 'broker-a' })
  await say(tool, controller, 1006, {}, '["broker-a","nobody"]')
  await say(one, controller, 1001, alter(1, 1), set(1, 1))
  await say(one, controller, 1001, alter(2, 1), set(1, 1, 2))
  await say(one, controller, 1001, alter(1, 2), set(1, 1, 2))
  await say(one, controller, 1001, alter(1, 1), set(2, 1, 2))
  await say(one, controller, 1001, alter(1, 1), set(1, 1, 9))
  await say(one, controller, 1001, alter(1, 1), set(1, 1, 4))
  await say(one, controller, 1001, alter(1, 1), set(1, 2))
  await say(one, controller, 1001, alter(1, 1, 'nobody'), set(1, 1, 2))
  await say(one, controller, 1001, alter(1, 1), set(1, 1, 2))
  await say(one, controller, 1001, alter(1, 1), set(1, 1, 2))
  await say(one, controller, 1001, alter(1, 1), set(2, 1, 2, 3))
  await say(tool, controller, 1004, { brokerName: 'broker-a' })
}

async function elections(tool: PlayedBroker, brokers: PlayedBroker[], controller: string): Promise<void> {
  const [one, two, three, four] = brokers as [PlayedBroker, PlayedBroker, PlayedBroker, PlayedBroker]
  await say(two, controller, 1002, elect(2))
  await say(tool, controller, 1002, elect(1, true))
  await say(tool, controller, 1002, elect(9, true))
  await say(tool, controller, 1002, elect(4, true))
  await settle()
  await say(tool, controller, 1002, elect(2, true))
  await settle()
  await say(tool, controller, 1006, {}, '["broker-a"]')
  await say(three, controller, 1003, register(3, three.address))
  await say(four, controller, 1003, register(4, '127.0.0.9:4444'))
  await say(two, controller, 904, beat(2, two.address, 2, 200))
  await say(two, controller, 1001, alter(2, 2), set(4, 2, 1, 3))
  // The one with more of the log is elected although the other is preferred.
  await say(one, controller, 904, beat(1, one.address, 2, 150, '1'))
  await say(three, controller, 904, beat(3, three.address, 2, 180, '9'))
  close(two)
  await settle()
  await say(tool, controller, 1006, {}, '["broker-a"]')
  // Only one is left in the set: its death leaves the group without a master.
  close(three)
  await settle()
  await say(one, controller, 1002, elect(1))
  await say(tool, controller, 1003, register(1, one.address))
}

async function cleaning(tool: PlayedBroker, brokers: PlayedBroker[], controller: string): Promise<void> {
  const [one, , three] = brokers as [PlayedBroker, PlayedBroker, PlayedBroker, PlayedBroker]
  await say(three, controller, 904, beat(3, three.address, 3, 180))
  await say(tool, controller, 1011, clean('1', false))
  await say(tool, controller, 1011, clean('1;x', false))
  await say(tool, controller, 1011, clean('4', false))
  await say(tool, controller, 1012, group)
  await say(three, controller, 1002, elect(3))
  await settle()
  await say(tool, controller, 1011, clean(undefined, false))
  await say(tool, controller, 1011, clean('', false))
  await say(tool, controller, 1006, {}, '["broker-a"]')
  await say(tool, controller, 1011, clean(undefined, true))
  await say(tool, controller, 1004, { brokerName: 'broker-a' })
  await say(one, controller, 1012, group)
  await say(tool, controller, 1010)
  await say(tool, controller, 1009, {}, 'enableElectUncleanMaster=true\n')
  await say(tool, controller, 1009, {}, 'configStorePath=/x\n')
  await say(tool, controller, 1009)
}

function serverOf(name: string, port: number, peers: string, id: string, dir: string): Server {
  return new Server({
    name,
    kind: 'controller',
    engine: 'apache',
    port,
    dir,
    jvm: '',
    conf: {
      controllerDLegerGroup: 'group1',
      controllerDLegerPeers: peers,
      controllerDLegerSelfId: id,
      controllerStorePath: join(dir, `${name}-store`),
    },
  })
}

async function single(dir: string): Promise<void> {
  const port = await freePortBlock()
  const peers = `n0-127.0.0.1:${port}`
  const server = serverOf('single', port, peers, 'n0', dir)
  await server.start()
  const controller = server.address
  const tool = new PlayedBroker('tool', '')
  await waitUntil('a leader', 30_000, async () => {
    const answer = await tool.ask(controller, 1012, { clusterName: 'c', brokerName: 'b' })
    return answer.code === 0
  })
  steps.push({ controller, peers, leads: true })
  const brokers = await Promise.all(['one', 'two', 'three', 'four'].map(playBroker))
  await unknownGroup(tool, controller)
  await brokerIds(tool, brokers, controller)
  await syncStateSets(tool, brokers, controller)
  await elections(tool, brokers, controller)
  await cleaning(tool, brokers, controller)
  for (const broker of [...brokers, tool]) broker.close()
  await server.stop()
}

/** What a controller answers that does not lead. */
async function follower(dir: string): Promise<void> {
  const ports = [await freePortBlock(), await freePortBlock(), await freePortBlock()]
  const peers = ports.map((port, index) => `n${index}-127.0.0.1:${port}`).join(';')
  const servers = ports.map((port, index) => serverOf(`peer${index}`, port, peers, `n${index}`, dir))
  for (const server of servers) await server.start()
  const tool = new PlayedBroker('tool', '')
  let follows: Server | undefined
  await waitUntil('a follower that knows its leader', 60_000, async () => {
    for (const server of servers) {
      const asked = new PlayedBroker('probe', '')
      const answer = await asked.ask(server.address, 1005)
      asked.close()
      if (answer.fields['isLeader'] === 'false' && answer.fields['controllerLeaderId']) follows = server
    }
    return follows !== undefined
  })
  const controller = follows!.address
  steps.push({ controller, peers, leads: false })
  await say(tool, controller, 1005)
  await say(tool, controller, 1001, alter(1, 1), set(1, 1, 2))
  await say(tool, controller, 1002, elect(1))
  await say(tool, controller, 1003, register(1, '127.0.0.1:1'))
  await say(tool, controller, 1004, { brokerName: 'broker-a' })
  await say(tool, controller, 1006, {}, '["broker-a"]')
  await say(tool, controller, 1011, clean(undefined, false))
  await say(tool, controller, 1012, group)
  await say(tool, controller, 1013, apply(1, '127.0.0.1:1;1000'))
  await say(tool, controller, 904, beat(1, '127.0.0.1:1'))
  tool.close()
  for (const server of servers) await server.stop()
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-capture-'))
try {
  await single(dir)
  await follower(dir)
  const folder = join(import.meta.dirname, '../../runtime/controller/golden')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'exchanges.jsonl'), `${steps.map((step) => JSON.stringify(step)).join('\n')}\n`)
  console.log(`${steps.length} steps`)
} finally {
  await stopAllServers()
  rmSync(dir, { recursive: true, force: true })
}
process.exit(0)
