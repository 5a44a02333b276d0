/*
 * Transactions that cost as little as possible: its own process, one connection, a fixed number in flight. Of each the half
 * message is sent, and when its answer has come the commit, oneway as official producers do. Nobody is there to be asked about
 * transactions. The last line it prints is a LoadResult; a message is a transaction whose commit was sent, times are those of
 * the half messages.
 *
 *   node test/bench/load/lean-transactions.ts --port 10911 [--topic BenchmarkTest] [--queues 8] [--size 1024] [--in-flight 64]
 *     [--warm-up 2] [--seconds 10] [--pid <broker>]
 */
import { parseArgs } from 'node:util'
import { LatencyHistogram } from './latency-histogram.ts'
import { type Answer, headerText, LeanConnection } from './lean-connection.ts'
import { measureWindow } from './measured-window.ts'
import { placeOf, putDigits, requestFrame } from './request-frame.ts'

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '10911' },
    topic: { type: 'string', default: 'BenchmarkTest' },
    queues: { type: 'string', default: '8' },
    size: { type: 'string', default: '1024' },
    'in-flight': { type: 'string', default: '64' },
    'warm-up': { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    pid: { type: 'string' },
  },
})

const inFlight = Number(values['in-flight'])
const queues = Number(values.queues)
const GROUP = 'lean_transactions'
const KEY_PREFIX = '7F00000100015CE10000'
const KEY_DIGITS = 12
const QUEUE_MARK = '0000'
const OPAQUE_BASE = 100_000
const OFFSET_DIGITS = 15
/** Digits that stand for what is patched in: no two alike. */
const QUEUE_OFFSET_MARK = '1'.repeat(OFFSET_DIGITS)
const LOG_OFFSET_MARK = '2'.repeat(OFFSET_DIGITS)
const COMMIT = '8'
const ONEWAY = 2

const MSG_ID = Buffer.from('"msgId":"')
const QUEUE_OFFSET = Buffer.from('"queueOffset":"')
/** Of an IPv4 host and its port, in hex, before the position in the log. */
const HOST_DIGITS = 16
const QUOTE = 0x22

/** The two requests of a transaction. */
interface Frames {
  readonly half: Buffer
  readonly queueIdAt: number
  readonly keyAt: number
  readonly end: Buffer
  readonly queueOffsetAt: number
  readonly logOffsetAt: number
  readonly endKeyAt: number
}

function buildFrames(opaque: number): Frames {
  const key = KEY_PREFIX + '0'.repeat(KEY_DIGITS)
  const properties = `UNIQ_KEY\x01${key}\x02TRAN_MSG\x01true\x02PGROUP\x01${GROUP}\x02WAIT\x01true\x02`
  const fields = {
    ...{ a: GROUP, b: values.topic, c: 'TBW102', d: '8', e: QUEUE_MARK, f: '4', g: String(Date.now()) },
    ...{ h: '0', i: properties, j: '0', k: 'false', m: 'false' },
  }
  const body = Buffer.alloc(Number(values.size), 'x')
  const half = requestFrame({ code: 310, opaque, fields, body, isBinary: false })
  const ending = {
    ...{
      producerGroup: GROUP,
      commitOrRollback: COMMIT,
      fromTransactionCheck: 'false',
      msgId: key,
      transactionId: key,
    },
    ...{ tranStateTableOffset: QUEUE_OFFSET_MARK, commitLogOffset: LOG_OFFSET_MARK },
  }
  const empty = Buffer.alloc(0)
  const end = requestFrame({ code: 37, opaque, fields: ending, body: empty, isBinary: false, flag: ONEWAY })
  const queueMark = `"e":"${QUEUE_MARK}`
  return {
    half,
    queueIdAt: placeOf(half, queueMark) + queueMark.length - QUEUE_MARK.length,
    keyAt: placeOf(half, KEY_PREFIX) + KEY_PREFIX.length,
    end,
    queueOffsetAt: placeOf(end, QUEUE_OFFSET_MARK),
    logOffsetAt: placeOf(end, LOG_OFFSET_MARK),
    endKeyAt: placeOf(end, KEY_PREFIX) + KEY_PREFIX.length,
  }
}

/** The text of a header field up to its closing quote, `from` the end of its name. */
function fieldText({ bytes, headerStart }: Answer, name: Buffer): string {
  const start = bytes.indexOf(name, headerStart) + name.length
  return bytes.toString('latin1', start, bytes.indexOf(QUOTE, start))
}

let times = new LatencyHistogram()
let refused = 0
let lastRefusal = ''
let sequence = (Date.now() % 1_000_000) * 1_000_000

const all = Array.from({ length: inFlight }, (_, i) => buildFrames(OPAQUE_BASE + i))
const sentAt = new Float64Array(inFlight)

function begin(slot: number): void {
  const { half, queueIdAt, keyAt, end, endKeyAt } = all[slot]!
  const n = sequence++
  putDigits(half, queueIdAt, QUEUE_MARK.length, n % queues)
  putDigits(half, keyAt, KEY_DIGITS, n)
  putDigits(end, endKeyAt, KEY_DIGITS, n)
  sentAt[slot] = performance.now()
  connection.send(half)
}

function answered(answer: Answer): void {
  const slot = answer.opaque - OPAQUE_BASE
  times.note(performance.now() - sentAt[slot]!)
  if (answer.code === 0) {
    const { end, queueOffsetAt, logOffsetAt } = all[slot]!
    putDigits(end, queueOffsetAt, OFFSET_DIGITS, Number(fieldText(answer, QUEUE_OFFSET)))
    putDigits(end, logOffsetAt, OFFSET_DIGITS, Number.parseInt(fieldText(answer, MSG_ID).slice(HOST_DIGITS), 16))
    // The frame is patched again while it may still wait in the socket.
    connection.send(Buffer.from(end))
  } else {
    refused++
    lastRefusal = headerText(answer)
  }
  begin(slot)
}

const connection = new LeanConnection(
  values.host,
  Number(values.port),
  () => {
    for (let slot = 0; slot < inFlight; slot++) begin(slot)
  },
  answered,
)
measureWindow({
  warmUpMs: Number(values['warm-up']) * 1000,
  measuredMs: Number(values.seconds) * 1000,
  brokerPid: values.pid,
  begin: () => {
    times = new LatencyHistogram()
    refused = 0
  },
  counts: () => {
    if (refused > 0) console.error(`last of ${refused} refusals: ${lastRefusal}`)
    return { messages: times.count - refused, refused, times }
  },
})
