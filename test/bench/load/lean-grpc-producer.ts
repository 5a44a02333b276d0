/*
 * A producer that speaks gRPC to a proxy at as little cost as possible: its own process, one connection without TLS as
 * official clients hold one, a fixed number of sends in flight. Frames are built once; the stream and the message's id are
 * patched in place, and of an answer only the code is read. Last line: a LoadResult.
 *
 *   node test/bench/load/lean-grpc-producer.ts --port 8081 [--topic T] [--size 1024] [--in-flight 64] [--warm-up 2]
 *     [--seconds 10] [--messages 0] [--pid <broker with proxy>]
 *
 * --messages N    stop after N answers, warm-up included, however much time is left
 */
import { parseArgs } from 'node:util'
import { ClientType, Encoding, MessageKind } from '../../../runtime/proxy/wire/definition.ts'
import { SendMessageRequest } from '../../../runtime/proxy/wire/service.ts'
import { fromMs } from '../../../runtime/proxy/wire/time-types.ts'
import { callFrames } from './http2-frames.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { codeOf, connectGrpc, OK } from './lean-grpc.ts'
import { measureWindow } from './measured-window.ts'
import { placeOf, putDigits } from './request-frame.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8081' },
    topic: { type: 'string', default: 'GrpcSend' },
    size: { type: 'string', default: '1024' },
    'in-flight': { type: 'string', default: '64' },
    'warm-up': { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    messages: { type: 'string', default: '0' },
    pid: { type: 'string' },
  },
})

const inFlight = Number(values['in-flight'])
const messagesMax = Number(values.messages)
const ID_PREFIX = '0156F7E71C361B21BC0A0B'
const ID_DIGITS = 12
const NO_ANSWER = 0

function buildFrames(): { frames: Buffer; idAt: number } {
  const message = {
    topic: { name: values.topic },
    systemProperties: {
      tag: 'TagA',
      messageId: `${ID_PREFIX}${'0'.repeat(ID_DIGITS)}`,
      bodyEncoding: Encoding.identity,
      messageType: MessageKind.normal,
      bornTimestamp: fromMs(Date.now()),
      bornHost: 'lean-grpc',
    },
    body: Buffer.alloc(Number(values.size), 'x'),
  }
  const frames = callFrames('SendMessage', SendMessageRequest.encode({ messages: [message] }))
  return { frames, idAt: placeOf(frames, ID_PREFIX) + ID_PREFIX.length }
}

const slots = Array.from({ length: inFlight }, buildFrames)
const sentAt = new Float64Array(inFlight)
const codes = new Int32Array(inFlight)
let times = new LatencyHistogram()
let refused = 0
let answers = 0
let lastRefusal = ''
/** Ids differ from run to run: an index whose entries all fall into the same few slots would be another test. */
let sequence = (Date.now() % 1_000_000) * 1_000_000

function send(slot: number): void {
  const { frames, idAt } = slots[slot]!
  putDigits(frames, idAt, ID_DIGITS, sequence++)
  codes[slot] = NO_ANSWER
  sentAt[slot] = performance.now()
  connection.call(frames, slot)
}

const settings = { clientType: ClientType.producer, publishing: { topics: [{ name: values.topic }] } }
const connection = connectGrpc(
  Number(values.port),
  settings,
  () => {
    for (let slot = 0; slot < inFlight; slot++) send(slot)
  },
  {
    message: (slot, bytes, start, end) => {
      codes[slot] = codeOf(bytes, start, end) ?? NO_ANSWER
      if (codes[slot] !== OK) lastRefusal = `code ${codes[slot]}: ${bytes.toString('latin1', start, end)}`
    },
    ended: (slot) => {
      if (codes[slot] !== OK) {
        refused++
        if (codes[slot] === NO_ANSWER) lastRefusal = 'a call that ended without an answer'
      }
      times.note(performance.now() - sentAt[slot]!)
      answers++
      if (answers === messagesMax) finish()
      send(slot)
    },
  },
)
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
