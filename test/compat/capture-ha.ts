// Records what real Apache brokers of controller mode say to each other on their replication ports, what they keep in
// their epoch files, and what they answer about both, into runtime/replication/auto-switch/golden/:
//   node test/compat/capture-ha.ts
// A slave learns its master's replication address from the NameServer. Brokers register through a relay that puts the
// port of another relay in its place, which records; ports have the same number of digits, so frames keep their length.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ControllerGroup, sendRaw } from './controller-group.ts'
import { ask } from './remoting.ts'
import { freePortBlock, type Server, stopAllServers } from './server.ts'

/** Of a longer transfer only the header and the number of bytes are kept. */
const BODY_KEPT_BYTES = 512
/** What follows on a connection is more of the same. */
const FRAMES_KEPT = 16

type Side = 'slave' | 'master'
type Recorded = { from: Side; hex: string; bodyBytes?: number }
type Line = { scenario: string; frames: Recorded[] }

const lines: Line[] = []
let scenario = 'fresh'

/** The frames that `pending` begins with; sizes as AutoSwitchHAClient and AutoSwitchHAConnection have them. */
function split(pending: Buffer, from: Side): { frames: Buffer[]; rest: Buffer } {
  const frames: Buffer[] = []
  let rest = pending
  for (;;) {
    if (rest.length < 8) return { frames, rest }
    const isHandshake = rest.readInt32BE(0) === 1
    const body = from === 'master' ? rest.readInt32BE(4) : 0
    const size = from === 'master' ? (isHandshake ? 20 : 36) + body : isHandshake ? 16 : 12
    if (rest.length < size) return { frames, rest }
    frames.push(rest.subarray(0, size))
    rest = rest.subarray(size)
  }
}

function note(line: Line, from: Side, frame: Buffer): void {
  const bodyBytes = frame.length - 36
  const isLong = from === 'master' && frame.readInt32BE(0) === 2 && bodyBytes > BODY_KEPT_BYTES
  const hex = (isLong ? frame.subarray(0, 36) : frame).toString('hex')
  if (line.frames.length >= FRAMES_KEPT) return
  if (line.frames.some((other) => other.from === from && other.hex === hex)) return
  line.frames.push(isLong ? { from, hex, bodyBytes } : { from, hex })
}

function listen(port: number, serve: (socket: Socket) => void): Promise<NetServer> {
  const listener = createServer(serve)
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(port, '127.0.0.1', () => resolve(listener.unref()))
  })
}

/** Passes a slave's connection on and records what is said on it. */
function relayReplication(near: Socket, haPort: number): void {
  const far = connect(haPort, '127.0.0.1')
  const line: Line = { scenario, frames: [] }
  lines.push(line)
  const pipe = (source: Socket, sink: Socket, from: Side): void => {
    let pending: Buffer = Buffer.alloc(0)
    source.on('data', (chunk) => {
      sink.write(chunk)
      const { frames, rest } = split(Buffer.concat([pending, chunk]), from)
      pending = Buffer.from(rest)
      for (const frame of frames) note(line, from, frame)
    })
    source.on('close', () => sink.destroy())
    source.on('error', () => sink.destroy())
  }
  pipe(near, far, 'slave')
  pipe(far, near, 'master')
}

/** Passes a broker's registrations on, with the recording port instead of its own. */
function relayNamesrv(near: Socket, namesrvPort: number, ports: ReadonlyMap<number, number>): void {
  const far = connect(namesrvPort, '127.0.0.1')
  near.on('data', (chunk) => {
    let text = chunk.toString('latin1')
    for (const [own, relayed] of ports) {
      text = text.replaceAll(`"haServerAddr":"127.0.0.1:${own}"`, `"haServerAddr":"127.0.0.1:${relayed}"`)
    }
    far.write(Buffer.from(text, 'latin1'))
  })
  far.on('data', (chunk) => near.write(chunk))
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('close', () => other.destroy())
    one.on('error', () => other.destroy())
  }
}

interface Group {
  readonly controllers: ControllerGroup
  readonly brokers: Server[]
}

async function layOut(dir: string): Promise<Group> {
  const controllers = await ControllerGroup.start(dir)
  const relays = new Map<number, number>()
  const namesrvRelay = await freePortBlock()
  await listen(namesrvRelay, (socket) => relayNamesrv(socket, controllers.namesrv.port, relays))
  const brokers: Server[] = []
  for (const name of ['a', 'b', 'c']) {
    const isLearner = name === 'c'
    const broker = await controllers.broker(name, {
      namesrvAddr: `127.0.0.1:${namesrvRelay}`,
      syncFromLastFile: isLearner,
      asyncLearner: isLearner,
    })
    const relayed = await freePortBlock()
    relays.set(broker.port + 1, relayed)
    await listen(relayed, (socket) => relayReplication(socket, broker.port + 1))
    brokers.push(broker)
  }
  return { controllers, brokers }
}

const awaitState = ({ controllers }: Group, master: Server, setSize: number) =>
  controllers.awaitMaster(master.address, setSize)
const send = (broker: Server, count: number, bodyBytes: number) => sendRaw(broker.address, count, bodyBytes)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Facts = { about: string; text?: string; bodies?: { code: number; body: string }[] }
const facts: Facts[] = []

async function noteFacts(about: string, broker: Server): Promise<void> {
  const store = String(broker.conf['storePathRootDir'])
  const bodies: { code: number; body: string }[] = []
  for (const code of [907, 1007]) bodies.push({ code, body: (await ask(broker.address, { code })).body.toString() })
  facts.push({ about, text: readFileSync(join(store, 'epochFileCheckpoint'), 'utf8'), bodies })
}

async function record(group: Group): Promise<void> {
  const [a, b, c] = group.brokers as [Server, Server, Server]
  await a.start()
  await awaitState(group, a, 1)
  await b.start()
  await awaitState(group, a, 2)
  await send(a, 3, 20)
  await pause(1500)
  await noteFacts('the master, with one slave', a)
  await noteFacts('the slave', b)

  scenario = 'truncation'
  await b.stop('SIGKILL')
  await awaitState(group, a, 1)
  await send(a, 5, 50)
  await a.stop('SIGKILL')
  await b.start()
  await awaitState(group, b, 1)
  await send(b, 4, 30)
  await a.start()
  await awaitState(group, b, 2)
  await pause(1500)
  await noteFacts('the old master, cut back', a)

  scenario = 'going on in the middle of an epoch'
  await send(b, 1, 10)
  await a.stop()
  await awaitState(group, b, 1)
  await send(b, 2, 10)
  await a.start()
  await awaitState(group, b, 2)
  await pause(1500)

  scenario = 'syncFromLastFile and asyncLearner'
  await send(b, 80, 1000)
  await c.start()
  await pause(12_000)
  await send(b, 1, 10)
  await pause(3000)
  await noteFacts('the master, with a slave and a learner', b)
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-capture-'))
try {
  const group = await layOut(dir)
  await record(group)
  const folder = join(import.meta.dirname, '../../runtime/replication/auto-switch/golden')
  mkdirSync(folder, { recursive: true })
  const kept = lines.filter((line) => line.frames.length > 1)
  writeFileSync(join(folder, 'connections.jsonl'), `${kept.map((line) => JSON.stringify(line)).join('\n')}\n`)
  writeFileSync(join(folder, 'facts.jsonl'), `${facts.map((fact) => JSON.stringify(fact)).join('\n')}\n`)
  console.log(kept.map((line) => `${line.scenario}: ${line.frames.length} frames`).join('\n'))
} finally {
  await stopAllServers()
  if (process.env['KEEP_CAPTURE']) console.log(dir)
  else rmSync(dir, { recursive: true, force: true })
}
process.exit(0)
