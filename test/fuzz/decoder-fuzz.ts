import { CommandView } from '../../runtime/codec/remoting/command-view.ts'
import { MalformedFrameError } from '../../runtime/codec/remoting/frame.ts'
import { RequestError } from '../../runtime/codec/remoting/request-error.ts'
import type { Random } from '../../runtime/io/random.ts'
import { FrameReceiver } from '../../runtime/net/frame-receiver.ts'
import { SlabPool } from '../../runtime/net/slab.ts'
import { goldenFrames } from './golden-frames.ts'
import { mutate } from './mutate.ts'

export interface DecoderFuzzResult {
  readonly fed: number
  readonly decoded: number
  readonly refused: number
}

/**
 * Feeds `count` mutated frames to the decoder of the live ports, in pieces. Anything but a decoded frame or a
 * MalformedFrameError is thrown on, with the frame in hex.
 */
export function fuzzDecoder(count: number, random: Random): DecoderFuzzResult {
  const originals = goldenFrames()
  const context = {
    shared: new SlabPool(4096, 0).acquire(),
    carries: new SlabPool(8192, 4),
    largeCarries: new SlabPool(32_768, 4),
    command: new CommandView(),
    frameMaxBytes: 1 << 20,
  }
  let decoded = 0
  let refused = 0
  for (let i = 0; i < count; i++) {
    const frame = mutate(originals[random.below(originals.length)]!, random)
    const receiver = new FrameReceiver(context, (command) => {
      readEverything(command)
      decoded++
    })
    try {
      feed(receiver, frame, 1 + random.below(frame.length + 1))
    } catch (error) {
      if (!(error instanceof MalformedFrameError)) throw new Error(`frame ${frame.toString('hex')}`, { cause: error })
      refused++
    }
    receiver.discard()
  }
  return { fed: count, decoded, refused }
}

function feed(receiver: FrameReceiver, bytes: Buffer, pieceBytes: number): void {
  for (let at = 0; at < bytes.length; ) {
    const buffer = receiver.readBuffer()
    const count = Math.min(pieceBytes, buffer.length, bytes.length - at)
    buffer.set(bytes.subarray(at, at + count))
    receiver.received(count)
    at += count
  }
}

/** What any handler may ask of a request. */
function readEverything(command: CommandView): void {
  command.allFields()
  command.remark()
  command.body()
  try {
    command.integer('e')
    command.integer('queueId')
    command.requiredText('topic')
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
  }
}
