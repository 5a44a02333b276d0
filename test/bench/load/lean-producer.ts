/*
 * A load generator that costs as little as possible, so that the broker is what is measured: its own process, one
 * connection, a fixed number of sends in flight. Frames are built once and patched in place (opaque, queueId); of the
 * answers only opaque and code are read.
 *
 *   node test/bench/load/lean-producer.ts --port 10911 [--host 127.0.0.1] [--topic BenchmarkTest] [--queues 8]
 *     [--size 1024] [--in-flight 64] [--seconds 10] [--warm-up 2] [--connections 1] [--pid <broker>] [--binary] [--json]
 */
import { readFileSync } from 'node:fs'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '10911' },
    topic: { type: 'string', default: 'BenchmarkTest' },
    queues: { type: 'string', default: '8' },
    size: { type: 'string', default: '1024' },
    'in-flight': { type: 'string', default: '64' },
    seconds: { type: 'string', default: '10' },
    'warm-up': { type: 'string', default: '2' },
    connections: { type: 'string', default: '1' },
    pid: { type: 'string' },
    binary: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

const inFlight = Number(values['in-flight'])
const connections = Number(values.connections)
const warmUpMs = Number(values['warm-up']) * 1000
const measuredMs = Number(values.seconds) * 1000
const queues = Number(values.queues)
const bodyBytes = Number(values.size)

/** Where a slot's patched digits are. */
interface Frame {
  readonly bytes: Buffer
  readonly queueIdAt: number
  readonly keyCounterAt: number
}

const OPAQUE_DIGITS = 6
const OPAQUE_BASE = 100_000
const KEY_DIGITS = 12

function properties(): string {
  return `UNIQ_KEY\x017F00000100015CE10${'0'.repeat(3)}${'0'.repeat(KEY_DIGITS)}\x02WAIT\x01true\x02TAGS\x01TagA\x02`
}

function fields(): Record<string, string> {
  return {
    a: 'lean_producer',
    b: values.topic,
    c: 'TBW102',
    d: '8',
    e: '0000',
    f: '0',
    g: String(Date.now()),
    h: '0',
    i: properties(),
    j: '0',
    k: 'false',
    m: 'false',
  }
}

/** `opaque` is what this slot always uses: an answer leads straight to it. */
function buildFrame(slot: number): Frame {
  const opaque = OPAQUE_BASE + slot
  const header = values.binary ? binaryHeader(opaque) : jsonHeader(opaque)
  const body = Buffer.alloc(bodyBytes, 'x')
  const bytes = Buffer.alloc(8 + header.length + body.length)
  bytes.writeInt32BE(4 + header.length + body.length, 0)
  bytes.writeInt32BE(((values.binary ? 1 : 0) << 24) | header.length, 4)
  header.copy(bytes, 8)
  body.copy(bytes, 8 + header.length)
  const queueIdAt = bytes.indexOf('0000', bytes.indexOf(values.binary ? '\0\x01e' : '"e":"'))
  return { bytes, queueIdAt, keyCounterAt: bytes.indexOf('7F00000100015CE10') + 20 }
}

function jsonHeader(opaque: number): Buffer {
  const header = { code: 310, extFields: fields(), flag: 0, language: 'JAVA', opaque }
  return Buffer.from(JSON.stringify({ ...header, serializeTypeCurrentRPC: 'JSON', version: 513 }))
}

function binaryHeader(opaque: number): Buffer {
  const parts: Buffer[] = []
  for (const [key, value] of Object.entries(fields())) {
    const head = Buffer.alloc(2)
    head.writeInt16BE(key.length)
    const size = Buffer.alloc(4)
    size.writeInt32BE(value.length)
    parts.push(head, Buffer.from(key), size, Buffer.from(value))
  }
  const pairs = Buffer.concat(parts)
  const fixed = Buffer.alloc(21)
  fixed.writeInt16BE(310, 0)
  fixed.writeInt16BE(513, 3)
  fixed.writeInt32BE(opaque, 5)
  fixed.writeInt32BE(pairs.length, 17)
  return Buffer.concat([fixed, pairs])
}

function putDigits(bytes: Buffer, at: number, digits: number, value: number): void {
  let rest = value
  for (let i = at + digits - 1; i >= at; i--) {
    bytes[i] = 0x30 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

/** User and system time of a process, in seconds. */
function cpuSeconds(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const after = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(after[11]) + Number(after[12])) / 100
}

/** Ends of the latency buckets grow by 2 %: 1 us to 100 s in about 930 buckets. */
const BUCKETS = 1000
const latencies = new Float64Array(BUCKETS)
function note(us: number): void {
  const bucket = us < 1 ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(us) / Math.log(1.02)))
  latencies[bucket]!++
}
function percentile(total: number, share: number): number {
  let seen = 0
  for (let i = 0; i < BUCKETS; i++) {
    seen += latencies[i]!
    if (seen >= total * share) return 1.02 ** i / 1000
  }
  return Number.NaN
}

let done = 0
let refused = 0
let lastRefusal = ''
let measuring = false
let sequence = 0

const OPAQUE_KEY = Buffer.from('"opaque":')
const CODE_KEY = Buffer.from('"code":')

function run(first: number): Socket {
  const frames: Frame[] = []
  const sentAt = new Float64Array(inFlight)
  for (let i = 0; i < inFlight; i++) frames.push(buildFrame(first + i))
  const receive = Buffer.allocUnsafeSlow(1 << 20)
  let filled = 0
  let batch: Buffer[] = []
  const send = (slot: number): void => {
    const frame = frames[slot]!
    const n = sequence++
    putDigits(frame.bytes, frame.queueIdAt, 4, n % queues)
    putDigits(frame.bytes, frame.keyCounterAt, KEY_DIGITS, n)
    sentAt[slot] = performance.now()
    batch.push(frame.bytes)
  }
  const flush = (): void => {
    if (batch.length === 0) return
    // The frames are patched again only after their answers, so the socket may take them as they are.
    socket.write(batch.length === 1 ? batch[0]! : Buffer.concat(batch))
    batch = []
  }
  const answered = (at: number, length: number): void => {
    const isBinary = receive[at + 4] === 1
    let opaque = 0
    let code = 0
    if (isBinary) {
      code = receive.readInt16BE(at + 8)
      opaque = receive.readInt32BE(at + 13)
    } else {
      const frame = receive.subarray(at + 8, at + 4 + length)
      // The answers' last field but two; looked for from the end.
      const opaqueAt = frame.lastIndexOf(OPAQUE_KEY) + OPAQUE_KEY.length
      for (let i = opaqueAt; i < opaqueAt + OPAQUE_DIGITS; i++) opaque = opaque * 10 + frame[i]! - 0x30
      const codeAt = frame.indexOf(CODE_KEY) + CODE_KEY.length
      code = frame[codeAt]! === 0x30 ? 0 : -1
      if (code !== 0) lastRefusal = frame.toString()
    }
    const slot = opaque - OPAQUE_BASE - first
    if (code !== 0) refused++
    if (measuring) {
      done++
      note((performance.now() - sentAt[slot]!) * 1000)
    }
    send(slot)
  }
  const received = (count: number): void => {
    filled += count
    let at = 0
    while (filled - at >= 4) {
      const length = receive.readInt32BE(at)
      if (filled - at < 4 + length) break
      answered(at, length)
      at += 4 + length
    }
    receive.copyWithin(0, at, filled)
    filled -= at
    flush()
  }
  const socket: Socket = connect({
    host: values.host,
    port: Number(values.port),
    noDelay: true,
    onread: {
      buffer: () => receive.subarray(filled),
      callback: (count: number) => {
        received(count)
        return true
      },
    },
  } as NetConnectOpts)
  socket.on('connect', () => {
    for (let i = 0; i < inFlight; i++) send(i)
    flush()
  })
  socket.on('error', (error) => {
    console.error(`lost the connection to ${values.host}:${values.port}: ${error.message}`)
    process.exit(1)
  })
  return socket
}

const sockets = Array.from({ length: connections }, (_, i) => run(i * inFlight))
setTimeout(() => {
  measuring = true
  const startedAt = performance.now()
  const brokerCpu = values.pid ? cpuSeconds(values.pid) : 0
  const ownCpu = process.cpuUsage()
  setTimeout(() => {
    const seconds = (performance.now() - startedAt) / 1000
    const cpu = values.pid ? cpuSeconds(values.pid) - brokerCpu : Number.NaN
    const own = process.cpuUsage(ownCpu)
    const rss = values.pid
      ? readFileSync(`/proc/${values.pid}/status`, 'latin1').match(/VmRSS:\s+(\d+)/)?.[1]
      : undefined
    const result = {
      size: bodyBytes,
      inFlight,
      connections,
      tps: Math.round(done / seconds),
      p50Ms: Number(percentile(done, 0.5).toFixed(3)),
      p99Ms: Number(percentile(done, 0.99).toFixed(3)),
      p999Ms: Number(percentile(done, 0.999).toFixed(3)),
      refused,
      brokerCpuSeconds: Number(cpu.toFixed(2)),
      perBrokerCpuSecond: Math.round(done / cpu),
      producerCpuSeconds: Number(((own.user + own.system) / 1e6).toFixed(2)),
      brokerRssMiB: rss === undefined ? undefined : Math.round(Number(rss) / 1024),
    }
    if (values.json) console.log(JSON.stringify(result))
    else for (const [key, value] of Object.entries(result)) console.log(`${key.padEnd(20)} ${value}`)
    if (refused > 0) console.error(`last refusal: ${lastRefusal}`)
    for (const socket of sockets) socket.destroy()
    process.exit(refused > 0 ? 2 : 0)
  }, measuredMs)
}, warmUpMs)
