/*
 * A consumer that costs as little as possible: its own process, one connection, one pull under way per queue, no offsets
 * committed, no message decoded beyond its length. The last line it prints is a LoadResult; times are those of pulls.
 *
 *   node test/bench/load/lean-consumer.ts --port 10911 [--topic BenchmarkTest] [--queues 8] [--warm-up 2] [--seconds 10]
 *     [--pid <broker>] [--sql EXPRESSION] (--tail | [--skip-newest 0] [--span 2000])
 *
 * --tail          what arrives from now on, with held pulls
 * --skip-newest   messages at the end of each queue that are never read
 * --sql           only what matches; the messages of the result are those that the broker looked at
 * --span          messages before those which are read, over and over
 */
import { parseArgs } from 'node:util'
import { ask } from '../../compat/remoting.ts'
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
    'warm-up': { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    tail: { type: 'boolean', default: false },
    'skip-newest': { type: 'string', default: '0' },
    span: { type: 'string', default: '2000' },
    sql: { type: 'string' },
    pid: { type: 'string' },
  },
})

const queues = Number(values.queues)
const OFFSET_DIGITS = 12
const OPAQUE_BASE = 100_000
const FOUND = 0
const NOT_FOUND = 19
const RETRY_IMMEDIATELY = 20

let times = new LatencyHistogram()
let messages = 0
let refused = 0
let lastRefusal = ''

/** The queue's part to read: offsets from `from` up to and without `end`. */
interface Part {
  readonly from: number
  readonly end: number
}

async function partOf(queueId: number): Promise<Part> {
  const address = `${values.host}:${values.port}`
  const answer = await ask(address, { code: 30, extFields: { topic: values.topic, queueId: String(queueId) } })
  if (answer.code !== 0) throw new Error(`no max offset of ${values.topic} ${queueId}: ${answer.code} ${answer.remark}`)
  const max = Number(answer.extFields['offset'])
  if (values.tail) return { from: max, end: Number.POSITIVE_INFINITY }
  const end = max - Number(values['skip-newest'])
  const from = end - Number(values.span)
  if (from < 0)
    throw new Error(`queue ${queueId} of ${values.topic} has ${max} messages, too few for what is to be read`)
  return { from, end }
}

function pullFrame(queueId: number): Buffer {
  const fields = {
    consumerGroup: 'lean_consumer',
    topic: values.topic,
    queueId: String(queueId),
    queueOffset: '0'.repeat(OFFSET_DIGITS),
    maxMsgNums: '32',
    // Subscription in the header (4); held while there is nothing to read (2).
    sysFlag: values.tail ? '6' : '4',
    commitOffset: '0',
    suspendTimeoutMillis: '15000',
    subscription: values.sql ?? '*',
    subVersion: '0',
    expressionType: values.sql === undefined ? 'TAG' : 'SQL92',
  }
  return requestFrame({ code: 11, opaque: OPAQUE_BASE + queueId, fields, body: Buffer.alloc(0), isBinary: false })
}

/** Records follow one another in the body, each starting with its length. */
function countRecords(answer: Answer): number {
  let count = 0
  for (let at = answer.bodyStart; at < answer.end; count++) at += answer.bytes.readInt32BE(at)
  return count
}

const NEXT_OFFSET = Buffer.from('"nextBeginOffset":"')

/** Where the broker says that reading goes on. */
function nextOffset({ bytes, headerStart, bodyStart }: Answer): number {
  const at = bytes.indexOf(NEXT_OFFSET, headerStart)
  if (at < 0 || at >= bodyStart) throw new Error('an answer without nextBeginOffset')
  return Number.parseInt(bytes.toString('latin1', at + NEXT_OFFSET.length, bodyStart), 10)
}

async function main(): Promise<void> {
  const parts: Part[] = []
  for (let queueId = 0; queueId < queues; queueId++) parts.push(await partOf(queueId))
  const frames = parts.map((_, queueId) => pullFrame(queueId))
  const offsetAt = frames.map((frame) => placeOf(frame, '0'.repeat(OFFSET_DIGITS)))
  const offsets = Float64Array.from(parts, (part) => part.from)
  const sentAt = new Float64Array(queues)
  const pull = (queueId: number): void => {
    putDigits(frames[queueId]!, offsetAt[queueId]!, OFFSET_DIGITS, offsets[queueId]!)
    sentAt[queueId] = performance.now()
    connection.send(frames[queueId]!)
  }
  const answered = (answer: Answer): void => {
    const queueId = answer.opaque - OPAQUE_BASE
    times.note(performance.now() - sentAt[queueId]!)
    if (answer.code === FOUND || (values.sql !== undefined && answer.code === RETRY_IMMEDIATELY)) {
      const count = values.sql === undefined ? countRecords(answer) : nextOffset(answer) - offsets[queueId]!
      messages += count
      const next = offsets[queueId]! + count
      offsets[queueId] = next < parts[queueId]!.end ? next : parts[queueId]!.from
    } else if (!values.tail || (answer.code !== NOT_FOUND && answer.code !== RETRY_IMMEDIATELY)) {
      refused++
      lastRefusal = headerText(answer)
    }
    pull(queueId)
  }
  const opened = (): void => {
    for (let queueId = 0; queueId < queues; queueId++) pull(queueId)
  }
  const connection = new LeanConnection(values.host, Number(values.port), opened, answered)
  measureWindow({
    warmUpMs: Number(values['warm-up']) * 1000,
    measuredMs: Number(values.seconds) * 1000,
    brokerPid: values.pid,
    begin: () => {
      times = new LatencyHistogram()
      messages = 0
      refused = 0
    },
    counts: () => {
      if (refused > 0) console.error(`last of ${refused} refusals: ${lastRefusal}`)
      return { messages, refused, times }
    },
  })
}

await main()
