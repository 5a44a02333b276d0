/*
 * End-to-end latency: one process sends at a steady rate on one connection and reads with held pulls on another; a time is
 * that from just before the send to the message's arrival. The last line it prints is a LoadResult.
 *
 *   node test/bench/load/latency-probe.ts --port 10911 [--topic BenchmarkTest] [--queues 8] [--rate 200] [--size 1024]
 *     [--warm-up 2] [--seconds 10] [--pid <broker>]
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
    rate: { type: 'string', default: '200' },
    size: { type: 'string', default: '1024' },
    'warm-up': { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    pid: { type: 'string' },
  },
})

const queues = Number(values.queues)
/** Sends that may wait for their message's arrival; a broker that falls further behind is no longer timed rightly. */
const SLOTS = 65_536
const DIGITS = 12
const OPAQUE_BASE = 100_000
/** Offset of the body in a record whose hosts are IPv4 addresses. */
const RECORD_BODY_AT = 88
const NOT_FOUND = 19
const RETRY_IMMEDIATELY = 20

const sentAt = new Float64Array(SLOTS)
let times = new LatencyHistogram()
let refused = 0
let lastRefusal = ''

function refuse(answer: Answer): void {
  refused++
  lastRefusal = headerText(answer)
}

function sendFrame(): Buffer {
  const fields = {
    ...{ a: 'latency_probe', b: values.topic, c: 'TBW102', d: '8', e: '0000', f: '0', g: String(Date.now()), h: '0' },
    ...{ i: 'WAIT\x01true\x02TAGS\x01TagA\x02', j: '0', k: 'false', m: 'false' },
  }
  const body = Buffer.alloc(Number(values.size), '0')
  return requestFrame({ code: 310, opaque: OPAQUE_BASE, fields, body, isBinary: false })
}

function pullFrame(queueId: number): Buffer {
  const fields = {
    ...{ consumerGroup: 'latency_probe', topic: values.topic, queueId: String(queueId) },
    ...{ queueOffset: '0'.repeat(DIGITS), maxMsgNums: '32', sysFlag: '6', commitOffset: '0' },
    ...{ suspendTimeoutMillis: '15000', subscription: '*', subVersion: '0', expressionType: 'TAG' },
  }
  return requestFrame({ code: 11, opaque: OPAQUE_BASE + queueId, fields, body: Buffer.alloc(0), isBinary: false })
}

function readDigits(bytes: Buffer, at: number): number {
  let value = 0
  for (let i = at; i < at + DIGITS; i++) value = value * 10 + bytes[i]! - 0x30
  return value
}

async function startOffset(queueId: number): Promise<number> {
  const address = `${values.host}:${values.port}`
  const answer = await ask(address, { code: 30, extFields: { topic: values.topic, queueId: String(queueId) } })
  if (answer.code !== 0) throw new Error(`no max offset of ${values.topic} ${queueId}: ${answer.code} ${answer.remark}`)
  return Number(answer.extFields['offset'])
}

function openConsumer(offsets: number[]): void {
  const frames = offsets.map((_, queueId) => pullFrame(queueId))
  const offsetAt = frames.map((frame) => placeOf(frame, '0'.repeat(DIGITS)))
  const pull = (queueId: number): void => {
    putDigits(frames[queueId]!, offsetAt[queueId]!, DIGITS, offsets[queueId]!)
    connection.send(frames[queueId]!)
  }
  const answered = (answer: Answer): void => {
    const now = performance.now()
    const queueId = answer.opaque - OPAQUE_BASE
    if (answer.code === 0) {
      for (let at = answer.bodyStart; at < answer.end; at += answer.bytes.readInt32BE(at)) {
        times.note(now - sentAt[readDigits(answer.bytes, at + RECORD_BODY_AT) % SLOTS]!)
        offsets[queueId]!++
      }
    } else if (answer.code !== NOT_FOUND && answer.code !== RETRY_IMMEDIATELY) refuse(answer)
    pull(queueId)
  }
  const opened = (): void => {
    for (let queueId = 0; queueId < queues; queueId++) pull(queueId)
  }
  const connection = new LeanConnection(values.host, Number(values.port), opened, answered)
}

function openProducer(): void {
  const intervalMs = 1000 / Number(values.rate)
  const startedAt = performance.now()
  let sequence = 0
  const opened = (): void => {
    setInterval(() => {
      // As many as are due: a timer that comes late does not lower the rate.
      while (startedAt + sequence * intervalMs <= performance.now()) {
        const n = sequence++
        const frame = sendFrame()
        putDigits(frame, placeOf(frame, '"e":"0000') + 5, 4, n % queues)
        putDigits(frame, frame.length - Number(values.size), DIGITS, n)
        sentAt[n % SLOTS] = performance.now()
        connection.send(frame)
        connection.flush()
      }
    }, 1)
  }
  const answered = (answer: Answer): void => {
    if (answer.code !== 0) refuse(answer)
  }
  const connection = new LeanConnection(values.host, Number(values.port), opened, answered)
}

openConsumer(await Promise.all(Array.from({ length: queues }, (_, queueId) => startOffset(queueId))))
openProducer()
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
    return { messages: times.count, refused, times }
  },
})
