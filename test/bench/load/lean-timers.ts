/*
 * Sends messages with a time of delivery, as fast as the broker takes them, and on request waits for that time and reads how
 * exactly each was delivered: the broker's own store time against the time that was asked for. Last line: a LoadResult, whose
 * times are by how much messages were late; without --read they are those of the sends.
 *
 *   node test/bench/load/lean-timers.ts --port 10911 --messages N --lead S --spread S [--read] [--topic Timed] [--queues 4]
 *     [--in-flight 256] [--size 128] [--pid <broker>]
 *
 * --lead S     the first message is due so many seconds after the start ...
 * --spread S   ... and the last one so many after the first
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { decodeMessages } from '../../../runtime/codec/message/message-ext.ts'
import { ask } from '../../compat/remoting.ts'
import { cpuSeconds } from '../process-figures.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { type Answer, headerText, LeanConnection } from './lean-connection.ts'
import type { LoadResult } from './measured-window.ts'
import { placeOf, putDigits, requestFrame } from './request-frame.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '10911' },
    topic: { type: 'string', default: 'Timed' },
    queues: { type: 'string', default: '4' },
    messages: { type: 'string', default: '10000' },
    lead: { type: 'string', default: '10' },
    spread: { type: 'string', default: '10' },
    'in-flight': { type: 'string', default: '256' },
    size: { type: 'string', default: '128' },
    read: { type: 'boolean', default: false },
    'warm-up': { type: 'string' },
    seconds: { type: 'string' },
    pid: { type: 'string' },
  },
})

const messages = Number(values.messages)
const queues = Number(values.queues)
const inFlight = Number(values['in-flight'])
const firstMs = Date.now() + Number(values.lead) * 1000
const spreadMs = Number(values.spread) * 1000
const body = Buffer.alloc(Number(values.size), 'x')

const TIME_MARK = '1999999999999'
const KEY_MARK = '7F00000100015CE10000000000000000'
const KEY_DIGITS = 12
const OPAQUE_BASE = 100_000
const READ_AT_ONCE = 32
const LATE_MAX_MS = 120_000

interface Frame {
  readonly bytes: Buffer
  readonly queueIdAt: number
  readonly timeAt: number
  readonly keyAt: number
}

function buildFrame(opaque: number): Frame {
  const properties = `UNIQ_KEY\x01${KEY_MARK}\x02TIMER_DELIVER_MS\x01${TIME_MARK}\x02`
  const fields = {
    ...{ a: 'lean_timers', b: values.topic, c: 'TBW102', d: String(queues), e: '0', f: '0', g: String(Date.now()) },
    ...{ h: '0', i: properties, j: '0', k: 'false', m: 'false' },
  }
  const bytes = requestFrame({ code: 310, opaque, fields, body, isBinary: true })
  return {
    bytes,
    queueIdAt: placeOf(bytes, '\0\x01e\0\0\0\x01') + 7,
    timeAt: placeOf(bytes, TIME_MARK),
    keyAt: placeOf(bytes, KEY_MARK) + KEY_MARK.length - KEY_DIGITS,
  }
}

let times = new LatencyHistogram()
let refused = 0
let lastRefusal = ''

/** Due times go round and round over the whole spread: neighbours in the log are far apart in time. */
function dueMs(n: number): number {
  return firstMs + ((n * 7919) % spreadMs)
}

function sendAll(): Promise<void> {
  const run = (Date.now() % 1_000_000) * 1_000_000
  return new Promise((resolve) => {
    const frames = Array.from({ length: inFlight }, (_, i) => buildFrame(OPAQUE_BASE + i))
    const sentAt = new Float64Array(inFlight)
    let sent = 0
    let answered = 0
    const send = (slot: number): void => {
      if (sent === messages) return
      const { bytes, queueIdAt, timeAt, keyAt } = frames[slot]!
      putDigits(bytes, queueIdAt, 1, sent % queues)
      putDigits(bytes, timeAt, TIME_MARK.length, dueMs(sent))
      putDigits(bytes, keyAt, KEY_DIGITS, run + sent)
      sentAt[slot] = performance.now()
      sent++
      connection.send(bytes)
    }
    const onAnswer = (answer: Answer): void => {
      const slot = answer.opaque - OPAQUE_BASE
      if (answer.code !== 0) {
        refused++
        lastRefusal = headerText(answer)
      }
      times.note(performance.now() - sentAt[slot]!)
      answered++
      if (answered === messages) resolve()
      send(slot)
    }
    const onOpen = (): void => {
      for (let slot = 0; slot < inFlight; slot++) send(slot)
    }
    const connection = new LeanConnection('127.0.0.1', Number(values.port), onOpen, onAnswer)
  })
}

/** Notes by how much each message was late. */
async function readQueue(queueId: number): Promise<number> {
  let offset = 0
  for (;;) {
    const extFields = {
      ...{ consumerGroup: 'lean_timers', topic: values.topic, queueId: String(queueId), queueOffset: String(offset) },
      ...{ maxMsgNums: String(READ_AT_ONCE), sysFlag: '4', commitOffset: '0', suspendTimeoutMillis: '0' },
      ...{ subscription: '*', subVersion: '0', expressionType: 'TAG' },
    }
    const answer = await ask(`127.0.0.1:${values.port}`, { code: 11, extFields })
    const found = answer.code === 0 ? decodeMessages(answer.body) : []
    if (found.length === 0) return offset
    for (const { storeTimestampMs, properties } of found) {
      times.note(Math.max(0, storeTimestampMs - Number(properties.get('TIMER_DELIVER_MS'))))
    }
    offset += found.length
  }
}

async function readAll(): Promise<number> {
  await pause(Math.max(0, firstMs + spreadMs + 1_500 - Date.now()))
  for (const endMs = Date.now() + LATE_MAX_MS; ; await pause(500)) {
    times = new LatencyHistogram()
    let found = 0
    for (let queueId = 0; queueId < queues; queueId++) found += await readQueue(queueId)
    if (found >= messages - refused || Date.now() > endMs) return found
  }
}

const pid = values.pid
const startedMs = performance.now()
const cpuAtStart = pid === undefined ? 0 : cpuSeconds(pid)
await sendAll()
const sentMs = performance.now() - startedMs
if (refused > 0) console.error(`last of ${refused} refusals: ${lastRefusal}`)
if (values.read) await pause(Math.max(0, firstMs - Date.now()))
const cpuBefore = pid === undefined ? 0 : cpuSeconds(pid)
if (values.read) await pause(Math.max(0, firstMs + spreadMs - Date.now()))
const cpuUsed = pid === undefined ? Number.NaN : cpuSeconds(pid) - (values.read ? cpuBefore : cpuAtStart)
const count = values.read ? await readAll() : messages - refused
const result: LoadResult = {
  messages: count,
  refused: messages - count,
  seconds: values.read ? spreadMs / 1000 : sentMs / 1000,
  tps: count / (values.read ? spreadMs / 1000 : sentMs / 1000),
  averageMs: times.averageMs,
  p50Ms: times.percentileMs(0.5),
  p99Ms: times.percentileMs(0.99),
  brokerCpuSeconds: cpuUsed,
  ownCpuSeconds: process.cpuUsage().user / 1e6,
}
console.log(JSON.stringify(result))
process.exit(0)
