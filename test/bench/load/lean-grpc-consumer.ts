/*
 * A simple consumer that speaks gRPC to a proxy at as little cost as possible: its own process, one connection without TLS,
 * a few receives under way, each ack a call of its own, as official clients make them. Last line: a LoadResult; messages
 * are those whose ack was answered, times are those of acks.
 *
 *   node test/bench/load/lean-grpc-consumer.ts --port 8081 --topic T [--receives 4] [--warm-up 2] [--seconds 10]
 *     [--pid <broker with proxy>]
 */
import { parseArgs } from 'node:util'
import { ClientType, FilterType, Permission } from '../../../runtime/proxy/wire/definition.ts'
import { AckMessageRequest, ReceiveMessageRequest } from '../../../runtime/proxy/wire/service.ts'
import { callFrames } from './http2-frames.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { codeOf, connectGrpc, fieldOf, OK } from './lean-grpc.ts'
import { measureWindow } from './measured-window.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8081' },
    topic: { type: 'string', default: 'GrpcReceive' },
    receives: { type: 'string', default: '4' },
    'warm-up': { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    pid: { type: 'string' },
  },
})

const receives = Number(values.receives)
const GROUP = 'lean_grpc_consumer'
const BATCH = 32
const ACKS_KEPT = 1 << 20
const NO_ANSWER = 0
const MESSAGE_NOT_FOUND = 40_404
/** Fields of ReceiveMessageResponse, Message and SystemProperties. */
const Field = { message: 2, systemProperties: 3, messageId: 3, receiptHandle: 12 }

const topic = { name: values.topic }
const group = { name: GROUP }
const filter = { type: FilterType.tag, expression: '*' }
const receiveRequest = ReceiveMessageRequest.encode({
  group,
  messageQueue: { topic, permission: Permission.readWrite, broker: { name: 'broker-a' } },
  filterExpression: filter,
  batchSize: BATCH,
  invisibleDuration: { seconds: 60, nanos: 0 },
  longPollingTimeout: { seconds: 5, nanos: 0 },
})
const receiveFrames = Array.from({ length: receives }, () => callFrames('ReceiveMessage', receiveRequest))

let times = new LatencyHistogram()
let messages = 0
let refused = 0
let empty = 0
let lastRefusal = ''
let acks = 0
const ackedAt = new Float64Array(ACKS_KEPT)
const ackCodes = new Int32Array(ACKS_KEPT)
/** Acks that are to be answered before the next receive, by the slot of the receive; one more while that goes on. */
const left = new Int32Array(receives)

function receive(slot: number): void {
  left[slot] = 1
  connection.call(receiveFrames[slot]!, slot)
}

function done(slot: number): void {
  if (--left[slot]! === 0) receive(slot)
}

/** Tags of acks begin after those of receives. */
function ack(slot: number, messageId: string, receiptHandle: string): void {
  const number = acks++ % ACKS_KEPT
  left[slot]!++
  ackedAt[number] = performance.now()
  ackCodes[number] = NO_ANSWER
  const request = AckMessageRequest.encode({ group, topic, entries: [{ messageId, receiptHandle }] })
  connection.call(callFrames('AckMessage', request), receives + number * receives + slot)
}

function received(slot: number, bytes: Buffer, start: number, end: number): void {
  const message = fieldOf(bytes, start, end, Field.message)
  if (message === undefined) {
    const code = codeOf(bytes, start, end)
    if (code === MESSAGE_NOT_FOUND) empty++
    else if (code !== undefined && code !== OK) refuse(`a receive: ${bytes.toString('latin1', start, end)}`)
    return
  }
  const system = fieldOf(bytes, ...message, Field.systemProperties)
  const messageId = system && fieldOf(bytes, ...system, Field.messageId)
  const handle = system && fieldOf(bytes, ...system, Field.receiptHandle)
  if (messageId === undefined || handle === undefined) refuse('a message without an id or a handle')
  else ack(slot, bytes.toString('latin1', ...messageId), bytes.toString('latin1', ...handle))
}

function refuse(why: string): void {
  refused++
  lastRefusal = why
}

function acked(tag: number): void {
  const number = Math.floor(tag / receives) - 1
  if (ackCodes[number] === OK) messages++
  else refuse(`an ack: code ${ackCodes[number]}`)
  times.note(performance.now() - ackedAt[number]!)
  done(tag % receives)
}

const settings = {
  clientType: ClientType.simpleConsumer,
  subscription: { group, subscriptions: [{ topic, expression: filter }], longPollingTimeout: { seconds: 5, nanos: 0 } },
}
const connection = connectGrpc(
  Number(values.port),
  settings,
  () => {
    for (let slot = 0; slot < receives; slot++) receive(slot)
  },
  {
    message: (tag, bytes, start, end) => {
      if (tag < receives) received(tag, bytes, start, end)
      else ackCodes[Math.floor(tag / receives) - 1] = codeOf(bytes, start, end) ?? NO_ANSWER
    },
    ended: (tag) => {
      if (tag < receives) done(tag)
      else acked(tag)
    },
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
    empty = 0
  },
  counts: () => {
    if (refused > 0) console.error(`last of ${refused} refusals: ${lastRefusal}`)
    if (empty > 0) console.error(`${empty} receives ended without a message`)
    return { messages, refused, times }
  },
})
