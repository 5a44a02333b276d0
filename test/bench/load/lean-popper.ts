/*
 * A consumer that pops and acknowledges each message, at as little cost as possible: its own process, one connection, a few
 * pops under way, each ack a request of its own, as official clients send them. Last line: a LoadResult; messages are those
 * whose ack was answered, times are those of acks.
 *
 *   node test/bench/load/lean-popper.ts --port 10911 --topic T [--pops 4] [--invisible 4000] [--warm-up 2] [--seconds 10] [--pid <broker>]
 */
import { parseArgs } from 'node:util'
import { LatencyHistogram } from './latency-histogram.ts'
import { type Answer, headerText, LeanConnection } from './lean-connection.ts'
import { measureWindow } from './measured-window.ts'
import { requestFrame } from './request-frame.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '10911' },
    topic: { type: 'string', default: 'Popped' },
    pops: { type: 'string', default: '4' },
    'warm-up': { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    invisible: { type: 'string', default: '4000' },
    pid: { type: 'string' },
  },
})

const pops = Number(values.pops)
const GROUP = 'lean_popper'
const ACK_BASE = 1000
const ACKS_KEPT = 1 << 20
const QUEUE_ID_AT = 12
const QUEUE_OFFSET_AT = 20
const NOTHING = Buffer.alloc(0)

let times = new LatencyHistogram()
let messages = 0
let refused = 0
let lastRefusal = ''
let acks = 0
const ackedAt = new Float64Array(ACKS_KEPT)
/** Acks that are to be answered before the next pop, by the slot of the pop. */
const left = new Int32Array(pops)

function pop(slot: number): void {
  const fields = {
    ...{ consumerGroup: GROUP, topic: values.topic, queueId: '-1', maxMsgNums: '32', invisibleTime: values.invisible },
    ...{ pollTime: '5000', bornTime: String(Date.now()), initMode: '0', expType: 'TAG', exp: '*', order: 'false' },
  }
  connection.send(requestFrame({ code: 200050, opaque: slot, fields, body: NOTHING, isBinary: false }))
}

function ack(slot: number, queueId: number, offset: number, extraInfo: string): void {
  const fields = {
    consumerGroup: GROUP,
    topic: values.topic,
    queueId: String(queueId),
    extraInfo,
    offset: String(offset),
  }
  const number = acks++ % ACKS_KEPT
  ackedAt[number] = performance.now()
  const opaque = ACK_BASE + number * pops + slot
  connection.send(requestFrame({ code: 200051, opaque, fields, body: NOTHING, isBinary: false }))
}

function popped(slot: number, answer: Answer): void {
  if (answer.code !== 0) {
    if (answer.code !== 210) {
      refused++
      lastRefusal = headerText(answer)
    }
    pop(slot)
    return
  }
  const { extFields } = JSON.parse(headerText(answer)) as { extFields: Record<string, string> }
  const { popTime, invisibleTime, reviveQid, startOffsetInfo } = extFields
  const starts = new Map(
    startOffsetInfo!
      .split(';')
      .map((info) => info.split(' ') as [string, string, string])
      .map(([mark, queueId, start]) => [`${mark} ${queueId}`, start]),
  )
  for (let at = answer.bodyStart; at < answer.end; at += answer.bytes.readInt32BE(at)) {
    const queueId = answer.bytes.readInt32BE(at + QUEUE_ID_AT)
    const offset = Number(answer.bytes.readBigInt64BE(at + QUEUE_OFFSET_AT))
    const start = starts.get(`0 ${queueId}`)
    left[slot]!++
    ack(slot, queueId, offset, `${start} ${popTime} ${invisibleTime} ${reviveQid} 0 broker-a ${queueId} ${offset}`)
  }
}

function acked(answer: Answer): void {
  const number = Math.floor((answer.opaque - ACK_BASE) / pops)
  const slot = (answer.opaque - ACK_BASE) % pops
  if (answer.code === 0) messages++
  else {
    refused++
    lastRefusal = headerText(answer)
  }
  times.note(performance.now() - ackedAt[number]!)
  if (--left[slot]! === 0) pop(slot)
}

const connection = new LeanConnection(
  '127.0.0.1',
  Number(values.port),
  () => {
    for (let slot = 0; slot < pops; slot++) pop(slot)
  },
  (answer) => {
    if (answer.opaque < ACK_BASE) popped(answer.opaque, answer)
    else acked(answer)
  },
)
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
