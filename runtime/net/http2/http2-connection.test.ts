import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Listener } from '../../io/network.ts'
import { RealClock } from '../../io/real-clock.ts'
import { RealNetwork } from '../../io/real-network.ts'
import { silentLogger } from '../../observe/logger.ts'
import { createNetContext } from '../net-context.ts'
import { headerBlock } from './header-block.ts'
import { DEFAULT_HTTP2_LIMITS, Http2Connection } from './http2-connection.ts'
import { Http2ErrorCode } from './http2-error.ts'
import { FrameFlag, FrameType, frame, PREFACE, Setting, settingsFrame, uint32 } from './http2-frame.ts'
import type { Http2Stream } from './http2-stream.ts'

const LIMITS = {
  ...DEFAULT_HTTP2_LIMITS,
  streamsMax: 2,
  streamWindowBytes: 65_535,
  connectionWindowBytes: 200_000,
  resetsPerSecondMax: 20,
}
const REQUEST = headerBlock([
  [':method', 'POST'],
  [':path', '/x'],
])

interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

let listener: Listener
let socket: Socket
let frames: Frame[]
let closed: Promise<void>
let received: string[]
let streams: Http2Stream[]

beforeEach(async () => {
  const network = new RealNetwork()
  const context = createNetContext(new RealClock(), network, silentLogger)
  // Connections of the test before may still tell of their end.
  const heard: string[] = []
  received = heard
  streams = []
  frames = []
  const owner = {
    onStream: (stream: Http2Stream, headers: ReadonlyMap<string, string>) => {
      streams.push(stream)
      heard.push(`${stream.id} ${headers.get(':path')}`)
      return {
        data: (bytes: Buffer, start: number, end: number) =>
          heard.push(`${stream.id} ${bytes.toString('utf8', start, end)}`),
        ended: () => heard.push(`${stream.id} ended`),
        closed: () => heard.push(`${stream.id} closed`),
      }
    },
    onClosed: () => undefined,
  }
  listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    return new Http2Connection(connection, context, owner, LIMITS)
  })
  socket = connect(listener.address.port, '127.0.0.1')
  let pending: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 9 && pending.length >= 9 + pending.readUIntBE(0, 3)) {
      const end = 9 + pending.readUIntBE(0, 3)
      frames.push({
        type: pending[3]!,
        flags: pending[4]!,
        stream: pending.readUInt32BE(5),
        payload: pending.subarray(9, end),
      })
      pending = pending.subarray(end)
    }
  })
  socket.on('error', () => undefined)
  closed = new Promise((resolve) => socket.on('close', () => resolve()))
})

afterEach(() => {
  socket.destroy()
  listener.close()
})

const send = (...parts: Buffer[]) => socket.write(Buffer.concat(parts))
const begin = (...parts: Buffer[]) => send(PREFACE, settingsFrame([]), ...parts)
const headers = (id: number, isLast = false) =>
  frame(FrameType.HEADERS, FrameFlag.END_HEADERS | (isLast ? FrameFlag.END_STREAM : 0), id, REQUEST)
const data = (id: number, text: string, isLast = false) =>
  frame(FrameType.DATA, isLast ? FrameFlag.END_STREAM : 0, id, Buffer.from(text))
const of = (type: number) => frames.filter((one) => one.type === type)
const until = (type: number) => expect.poll(() => of(type).length).toBeGreaterThan(0)

/** The connection is given up with a code and a reason. */
async function abandoned(code: number, reason: string): Promise<void> {
  await closed
  const [goaway] = of(FrameType.GOAWAY)
  expect([goaway?.payload.readUInt32BE(4), goaway?.payload.toString('utf8', 8)]).toEqual([
    code,
    expect.stringContaining(reason),
  ])
}

test('begins with its settings, confirms those of the client, and answers pings', async () => {
  begin(frame(FrameType.PING, 0, 0, Buffer.from('12345678')))
  await until(FrameType.PING)
  expect(frames[0]).toMatchObject({ type: FrameType.SETTINGS, flags: 0 })
  expect(of(FrameType.SETTINGS)[1]).toMatchObject({ flags: FrameFlag.ACK })
  expect(of(FrameType.PING)).toMatchObject([{ flags: FrameFlag.ACK, payload: Buffer.from('12345678') }])
})

test('headers in parts, with padding and a priority, are headers; so is data with padding', async () => {
  const [first, rest] = [REQUEST.subarray(0, 2), REQUEST.subarray(2)]
  const padded = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 1]), first, Buffer.alloc(3)])
  begin(
    frame(FrameType.HEADERS, FrameFlag.PADDED | FrameFlag.PRIORITY, 1, padded),
    frame(FrameType.CONTINUATION, FrameFlag.END_HEADERS, 1, rest),
    frame(FrameType.DATA, FrameFlag.PADDED, 1, Buffer.from([2, 0x68, 0x69, 0, 0])),
    frame(99, 0, 1, Buffer.from('unknown')),
    data(1, 'end', true),
  )
  await expect.poll(() => received).toEqual(['1 /x', '1 hi', '1 end', '1 ended'])
})

test('sends no more than the windows of the client allow, and the rest when they open', async () => {
  send(PREFACE, settingsFrame([[Setting.INITIAL_WINDOW_SIZE, 10]]), headers(1, true))
  await expect.poll(() => streams.length).toBe(1)
  streams[0]!.sendData(Buffer.from('pre'), Buffer.from('0123456789abc'), 13)
  streams[0]!.sendHeaders(headerBlock([['grpc-status', '0']]), true)
  await until(FrameType.DATA)
  const text = () => Buffer.concat(of(FrameType.DATA).map((one) => one.payload)).toString()
  expect([text(), of(FrameType.HEADERS).length]).toEqual(['pre0123456', 0])
  send(frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(2)))
  await expect.poll(text).toBe('pre012345678')
  send(settingsFrame([[Setting.INITIAL_WINDOW_SIZE, 100]]))
  await until(FrameType.HEADERS)
  expect([text(), of(FrameType.HEADERS)[0]?.flags]).toEqual([
    'pre0123456789abc',
    FrameFlag.END_HEADERS | FrameFlag.END_STREAM,
  ])
})

test('tells the client to go on when it has taken what was sent', async () => {
  begin(headers(1), ...Array.from({ length: 12 }, () => data(1, 'x'.repeat(10_000))).slice(0, 6))
  await expect.poll(() => of(FrameType.WINDOW_UPDATE).filter((one) => one.stream === 1).length).toBe(1)
  expect(
    of(FrameType.WINDOW_UPDATE)
      .find((one) => one.stream === 1)
      ?.payload.readUInt32BE(0),
  ).toBe(40_000)
})

test('a stream above the limit is refused, and others go on', async () => {
  begin(headers(1), headers(3), headers(5), data(5, 'ignored'), data(3, 'taken'))
  await until(FrameType.RST_STREAM)
  expect(of(FrameType.RST_STREAM)).toMatchObject([{ stream: 5, payload: uint32(Http2ErrorCode.REFUSED_STREAM) }])
  await expect.poll(() => received).toEqual(['1 /x', '3 /x', '3 taken'])
})

test('a stream that is given up is closed, and what still comes for it is passed over', async () => {
  begin(headers(1), frame(FrameType.RST_STREAM, 0, 1, uint32(8)), data(1, 'late'), headers(3, true))
  await expect.poll(() => received).toEqual(['1 /x', '1 closed', '3 /x', '3 ended'])
  expect(streams[0]!.isClosed).toBe(true)
  streams[0]!.sendData(Buffer.alloc(0), Buffer.from('nobody'), 6)
})

test.each([
  [
    'HTTP/1.1',
    () => send(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
    Http2ErrorCode.PROTOCOL_ERROR,
    'this port speaks gRPC',
  ],
  [
    'a frame too large',
    () => begin(Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 1])),
    Http2ErrorCode.FRAME_SIZE_ERROR,
    '16385 bytes',
  ],
  ['data for no stream', () => begin(data(7, 'x')), Http2ErrorCode.PROTOCOL_ERROR, 'stream 7, which is not open'],
  ['an even stream', () => begin(headers(2)), Http2ErrorCode.PROTOCOL_ERROR, "no client's"],
  [
    'more than the window',
    () => begin(headers(1), ...Array.from({ length: 14 }, () => data(9, ''))),
    Http2ErrorCode.PROTOCOL_ERROR,
    'stream 9',
  ],
  [
    'a window that grows too far',
    () => begin(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1))),
    Http2ErrorCode.FLOW_CONTROL_ERROR,
    'flow control',
  ],
  [
    'a window that grows by nothing',
    () => begin(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(0))),
    Http2ErrorCode.FLOW_CONTROL_ERROR,
    'flow control',
  ],
  [
    'settings of a wrong size',
    () => begin(frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(5))),
    Http2ErrorCode.FRAME_SIZE_ERROR,
    'SETTINGS',
  ],
  [
    'a ping of a wrong size',
    () => begin(frame(FrameType.PING, 0, 0, Buffer.alloc(7))),
    Http2ErrorCode.FRAME_SIZE_ERROR,
    'PING',
  ],
  [
    'a push',
    () => begin(frame(FrameType.PUSH_PROMISE, 0, 1, Buffer.alloc(4))),
    Http2ErrorCode.PROTOCOL_ERROR,
    'does not push',
  ],
  [
    'a broken header block',
    () => begin(frame(FrameType.HEADERS, FrameFlag.END_HEADERS, 1, Buffer.from([0xff]))),
    Http2ErrorCode.COMPRESSION_ERROR,
    'ends within a header',
  ],
  [
    'another frame within a header block',
    () => begin(frame(FrameType.HEADERS, 0, 1, REQUEST), data(1, 'x')),
    Http2ErrorCode.PROTOCOL_ERROR,
    'another frame in it',
  ],
  [
    'a continuation of nothing',
    () => begin(frame(FrameType.CONTINUATION, 0, 1, REQUEST)),
    Http2ErrorCode.PROTOCOL_ERROR,
    'without having begun',
  ],
  [
    'a header block without end',
    () =>
      begin(
        frame(FrameType.HEADERS, 0, 1, REQUEST),
        ...Array.from({ length: 20 }, () => frame(FrameType.CONTINUATION, 0, 1, Buffer.alloc(0))),
      ),
    Http2ErrorCode.ENHANCE_YOUR_CALM,
    '16 frames',
  ],
  [
    'too many resets',
    () =>
      begin(
        ...Array.from({ length: 21 }, (_, i) => [
          headers(2 * i + 1),
          frame(FrameType.RST_STREAM, 0, 2 * i + 1, uint32(8)),
        ]).flat(),
      ),
    Http2ErrorCode.ENHANCE_YOUR_CALM,
    'more than 20 resets',
  ],
] as const)('%s ends the connection with a reason', async (_, act, code, reason) => {
  act()
  await abandoned(code, reason)
})

test('whatever comes after the preface, the server goes on', { timeout: 30_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 5 }), async (chunks) => {
      const one = connect(listener.address.port, '127.0.0.1')
      one.on('error', () => undefined)
      one.write(PREFACE)
      for (const chunk of chunks) one.write(chunk)
      await new Promise<void>((resolve) => one.end(resolve))
      one.destroy()
    }),
    { numRuns: 200 },
  )
  begin(headers(1, true))
  await expect.poll(() => received.slice(-2)).toEqual(['1 /x', '1 ended'])
})
