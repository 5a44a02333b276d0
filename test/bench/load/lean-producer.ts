/*
 * A load generator that costs as little as possible, so that the broker is what is measured: its own process, few
 * connections, a fixed number of sends in flight on each. Frames are built once and patched in place (topic, queueId,
 * unique key); of the answers only opaque and code are read. The last line it prints is a LoadResult.
 *
 *   node test/bench/load/lean-producer.ts --port 10911 [--host 127.0.0.1] [--topic BenchmarkTest] [--topics 0]
 *     [--queues 8] [--size 1024] [--in-flight 64] [--connections 1] [--warm-up 2] [--seconds 10] [--messages 0]
 *     [--pid <broker>] [--binary] [--property-values 0]
 *
 * --topics N      spread over the topics named by --topic and five digits, 00000 to N-1, a queue of the next one each time
 * --property-values N   a property `a` with one of the values 00 to N-1, in turn; N at most 100
 * --messages N    stop after N answers, warm-up included, however much time is left
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
    topics: { type: 'string', default: '0' },
    queues: { type: 'string', default: '8' },
    size: { type: 'string', default: '1024' },
    'in-flight': { type: 'string', default: '64' },
    connections: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    messages: { type: 'string', default: '0' },
    pid: { type: 'string' },
    binary: { type: 'boolean', default: false },
    'property-values': { type: 'string', default: '0' },
  },
})

const inFlight = Number(values['in-flight'])
const topics = Number(values.topics)
const queues = Number(values.queues)
const messagesMax = Number(values.messages)
const body = Buffer.alloc(Number(values.size), 'x')

const propertyValues = Number(values['property-values'])
const PROPERTY = propertyValues > 0 ? 'a\x0100\x02' : ''
const TOPIC_DIGITS = 5
const KEY_DIGITS = 12
const KEY_PREFIX = '7F00000100015CE10000'
const QUEUE_MARK = '0000'
/** Opaques start here, so that all have the same number of digits. */
const OPAQUE_BASE = 100_000

interface Frame {
  readonly bytes: Buffer
  readonly topicAt: number
  readonly queueIdAt: number
  readonly keyAt: number
  readonly propertyAt: number
}

function buildFrame(opaque: number): Frame {
  const topic = topics > 0 ? `${values.topic}${'0'.repeat(TOPIC_DIGITS)}` : values.topic
  const fields = {
    a: 'lean_producer',
    b: topic,
    c: 'TBW102',
    d: '8',
    e: QUEUE_MARK,
    f: '0',
    g: String(Date.now()),
    h: '0',
    i: `UNIQ_KEY\x01${KEY_PREFIX}${'0'.repeat(KEY_DIGITS)}\x02WAIT\x01true\x02TAGS\x01TagA\x02${PROPERTY}`,
    j: '0',
    k: 'false',
    m: 'false',
  }
  const bytes = requestFrame({ code: 310, opaque, fields, body, isBinary: values.binary })
  const propertyMark = values.binary ? 'a\x0100' : 'a\\u000100'
  const queueMark = values.binary ? `\0\x01e\0\0\0\x04${QUEUE_MARK}` : `"e":"${QUEUE_MARK}`
  return {
    bytes,
    topicAt: placeOf(bytes, topic) + topic.length - TOPIC_DIGITS,
    queueIdAt: placeOf(bytes, queueMark) + queueMark.length - QUEUE_MARK.length,
    keyAt: placeOf(bytes, KEY_PREFIX) + KEY_PREFIX.length,
    // The text of a header in JSON has control characters in six letters each.
    propertyAt: propertyValues > 0 ? placeOf(bytes, propertyMark) + propertyMark.length - 2 : 0,
  }
}

let times = new LatencyHistogram()
let refused = 0
let lastRefusal = ''
let answers = 0
/** Keys differ from run to run: an index whose entries all fall into the same few slots would be another test. */
let sequence = (Date.now() % 1_000_000) * 1_000_000

function run(first: number): void {
  const frames = Array.from({ length: inFlight }, (_, i) => buildFrame(OPAQUE_BASE + first + i))
  const sentAt = new Float64Array(inFlight)
  const send = (slot: number): void => {
    const frame = frames[slot]!
    const n = sequence++
    if (topics > 0) {
      putDigits(frame.bytes, frame.topicAt, TOPIC_DIGITS, n % topics)
      putDigits(frame.bytes, frame.queueIdAt, 4, Math.floor(n / topics) % queues)
    } else putDigits(frame.bytes, frame.queueIdAt, 4, n % queues)
    putDigits(frame.bytes, frame.keyAt, KEY_DIGITS, n)
    // Neighbours in a queue differ.
    if (propertyValues > 0) putDigits(frame.bytes, frame.propertyAt, 2, Math.floor(n / queues) % propertyValues)
    sentAt[slot] = performance.now()
    connection.send(frame.bytes)
  }
  const answered = (answer: Answer): void => {
    const slot = answer.opaque - OPAQUE_BASE - first
    if (answer.code !== 0) {
      refused++
      lastRefusal = headerText(answer)
    }
    times.note(performance.now() - sentAt[slot]!)
    answers++
    if (answers === messagesMax) finish()
    send(slot)
  }
  const opened = (): void => {
    for (let i = 0; i < inFlight; i++) send(i)
  }
  const connection = new LeanConnection(values.host, Number(values.port), opened, answered)
}

for (let i = 0; i < Number(values.connections); i++) run(i * inFlight)
const finish = measureWindow({
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
