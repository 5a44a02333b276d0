import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommandView } from '../codec/remoting/command-view.ts'
import { encodeCommand, requestCommand } from '../codec/remoting/remoting-command.ts'
import { FrameReceiver, type ReceiveContext } from './frame-receiver.ts'
import { SlabPool } from './slab.ts'

const FRAME_MAX = 4096

/** Small blocks, so that frames span them: 64 bytes shared, 128 or 512 bytes carried. */
function receiver(seen: { opaque: number; body: string }[]): FrameReceiver {
  const context: ReceiveContext = {
    shared: new SlabPool(64, 0).acquire(),
    carries: new SlabPool(128, 2),
    largeCarries: new SlabPool(512, 1),
    command: new CommandView(),
    frameMaxBytes: FRAME_MAX,
  }
  return new FrameReceiver(context, (command) => seen.push({ opaque: command.opaque, body: command.body().toString() }))
}

function feed(into: FrameReceiver, stream: Buffer, chunkSizes: readonly number[]): void {
  let at = 0
  for (let i = 0; at < stream.length; i++) {
    const buffer = into.readBuffer()
    const count = Math.min(chunkSizes[i % chunkSizes.length]!, buffer.length, stream.length - at)
    buffer.set(stream.subarray(at, at + count))
    into.received(count)
    at += count
  }
}

test('frames come out whole and in order however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1500), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }),
      (bodySizes, chunkSizes) => {
        const frames = bodySizes.map((size, i) => ({ opaque: i, body: 'x'.repeat(size) }))
        const stream = Buffer.concat(
          frames.map(({ opaque, body }) =>
            encodeCommand(requestCommand({ code: 10, fields: { a: 'b' }, body: Buffer.from(body) }, opaque, false)),
          ),
        )
        const seen: { opaque: number; body: string }[] = []
        feed(receiver(seen), stream, chunkSizes)
        expect(seen).toEqual(frames)
      },
    ),
  )
})

test.each([
  [-1, 'frame length -1: must be 4 to 4096 bytes'],
  [3, 'frame length 3: must be 4 to 4096 bytes'],
  [FRAME_MAX + 1, 'frame length 4097: must be 4 to 4096 bytes'],
  [0x16030100, 'the peer speaks TLS, but this port has no certificate: set tls.server.keyPath and tls.server.certPath'],
])('a length field of %i is refused before anything is allocated', (length, message) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(length)
  expect(() => feed(receiver([]), bytes, [4])).toThrow(message)
})
