import { connect, type NetConnectOpts, type Socket } from 'node:net'

/** Holds the largest answer: 256 KiB of messages by default, and one message more. */
const RECEIVE_BYTES = 8 * 1024 * 1024
/** From this size on a frame is handed to the system as it is; smaller ones are copied together. */
const LARGE_FRAME_BYTES = 16 * 1024
const OPAQUE_KEY = Buffer.from('"opaque":')
const CODE_KEY = Buffer.from('"code":')

/** An answer where it lies in the receive buffer: valid only while it is handled. One object serves all. */
export interface Answer {
  code: number
  opaque: number
  bytes: Buffer
  headerStart: number
  bodyStart: number
  end: number
}

/**
 * One connection of a load generator: frames built beforehand go out together once per turn, answers are handed over
 * without being decoded further than code and opaque. A lost connection ends the process with status 1.
 */
export class LeanConnection {
  readonly #socket: Socket
  readonly #receive = Buffer.allocUnsafeSlow(RECEIVE_BYTES)
  readonly #answer: Answer
  readonly #onAnswer: (answer: Answer) => void
  #filled = 0
  #batch: Buffer[] = []

  constructor(host: string, port: number, onOpen: () => void, onAnswer: (answer: Answer) => void) {
    this.#answer = { code: 0, opaque: 0, bytes: this.#receive, headerStart: 0, bodyStart: 0, end: 0 }
    this.#onAnswer = onAnswer
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: () => this.#receive.subarray(this.#filled),
        callback: (count: number) => {
          this.#received(count)
          return true
        },
      },
    } as NetConnectOpts)
    this.#socket.on('connect', () => {
      onOpen()
      this.flush()
    })
    const lost = (why: string): void => {
      console.error(`lost the connection to ${host}:${port}: ${why}`)
      process.exit(1)
    }
    this.#socket.on('error', (error) => lost(error.message))
    this.#socket.on('end', () => lost('the broker closed it'))
  }

  /** `frame` goes out with the next flush. It may be patched again only after its answer. */
  send(frame: Buffer): void {
    this.#batch.push(frame)
  }

  flush(): void {
    const batch = this.#batch
    if (batch.length === 0) return
    if (batch.length === 1) this.#socket.write(batch[0]!)
    else if (batch[0]!.length < LARGE_FRAME_BYTES) this.#socket.write(Buffer.concat(batch))
    else {
      this.#socket.cork()
      for (const frame of batch) this.#socket.write(frame)
      this.#socket.uncork()
    }
    this.#batch = []
  }

  #received(count: number): void {
    this.#filled += count
    const receive = this.#receive
    let at = 0
    while (this.#filled - at >= 4) {
      const end = at + 4 + receive.readInt32BE(at)
      if (this.#filled < end) break
      this.#read(at, end)
      this.#onAnswer(this.#answer)
      at = end
    }
    receive.copyWithin(0, at, this.#filled)
    this.#filled -= at
    this.flush()
  }

  #read(at: number, end: number): void {
    const answer = this.#answer
    const receive = this.#receive
    const mark = receive.readInt32BE(at + 4)
    answer.headerStart = at + 8
    answer.bodyStart = at + 8 + (mark & 0xffffff)
    answer.end = end
    if (mark >>> 24 === 1) {
      answer.code = receive.readInt16BE(at + 8)
      answer.opaque = receive.readInt32BE(at + 13)
    } else {
      answer.code = this.#number(receive.indexOf(CODE_KEY, at + 8) + CODE_KEY.length)
      answer.opaque = this.#number(receive.indexOf(OPAQUE_KEY, at + 8) + OPAQUE_KEY.length)
    }
  }

  #number(start: number): number {
    let value = 0
    for (let i = start; ; i++) {
      const digit = this.#receive[i]! - 0x30
      if (digit < 0 || digit > 9) return value
      value = value * 10 + digit
    }
  }
}

/** The text of an answer's header, for messages about what went wrong. */
export function headerText(answer: Answer): string {
  return answer.bytes.toString('latin1', answer.headerStart, answer.bodyStart)
}
