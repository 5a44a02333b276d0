import { viewOf } from '../../../codec/bytes.ts'
import type { Connection } from '../../../io/network.ts'
import { masterFrameSize, readTransferHeader, TRANSFER_HEADER_BYTES, writeTransferHeader } from '../frames.ts'
import type { ReplicaWorld } from './replica-host.ts'

export interface RawTransfer {
  readonly phyOffset: number
  readonly bytes: number
  readonly epoch: number
  readonly confirmOffset: number
}

/** A slave without a log: says what it is told to, and keeps what it hears. */
export class RawSlave {
  readonly transfers: RawTransfer[] = []
  handshakes = 0
  isClosed = false
  readonly #world: ReplicaWorld
  #connection: Connection | undefined
  #pending = Buffer.alloc(0)
  readonly #buffer = Buffer.alloc(1 << 16)

  constructor(world: ReplicaWorld, port: number) {
    this.#world = world
    world.network.connect({ host: '127.0.0.1', port }, 1000, {
      opened: (connection) => {
        this.#connection = connection
      },
      readBuffer: () => this.#buffer,
      received: (count) => this.#received(count),
      drained: () => {},
      closed: () => {
        this.isClosed = true
      },
    })
  }

  async say(...frames: Buffer[]): Promise<void> {
    await this.#world.settle()
    for (const frame of frames) this.#connection!.write(frame)
    await this.#world.settle()
  }

  #received(count: number): void {
    this.#pending = Buffer.concat([this.#pending, this.#buffer.subarray(0, count)])
    const view = () => viewOf(this.#pending)
    for (;;) {
      const size = masterFrameSize(view(), 0, this.#pending.length)
      if (size === 0 || size > this.#pending.length) return
      const header = { phyOffset: 0, epoch: 0, epochStartOffset: 0, confirmOffset: 0 }
      if (view().getInt32(0) === 1) this.handshakes++
      else {
        readTransferHeader(view(), 0, header)
        const { phyOffset, epoch, confirmOffset } = header
        this.transfers.push({ phyOffset, bytes: size - TRANSFER_HEADER_BYTES, epoch, confirmOffset })
      }
      this.#pending = this.#pending.subarray(size)
    }
  }
}

/** A master that says what it is told to. */
export async function rawMaster(
  world: ReplicaWorld,
  port: number,
  answer: () => Buffer[],
): Promise<{ closed: number }> {
  const state = { closed: 0 }
  await world.network.listen({ host: '127.0.0.1', port }, (connection) => {
    const buffer = Buffer.alloc(1024)
    return {
      readBuffer: () => buffer,
      received: () => {
        for (const frame of answer()) connection.write(frame)
      },
      drained: () => {},
      closed: () => {
        state.closed++
      },
    }
  })
  return state
}

/** A frame of the log as masters send it. */
export function transfer(
  phyOffset: number,
  epoch: number,
  epochStartOffset: number,
  body: Uint8Array = Buffer.alloc(0),
): Buffer {
  const frame = Buffer.alloc(TRANSFER_HEADER_BYTES + body.length)
  writeTransferHeader(viewOf(frame), 0, { phyOffset, epoch, epochStartOffset, confirmOffset: 0 }, body.length)
  frame.set(body, TRANSFER_HEADER_BYTES)
  return frame
}
