import type { Address, Connection, ConnectionEvents } from '../../../runtime/io/network.ts'
import type { CrashKind } from '../sim-disk.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

/** What two kernels hold of a connection before a writer has to wait. */
const KERNEL_BYTES = 128 * 1024
const HIGH_WATER_BYTES = 64 * 1024
/** A machine that is off is asked again after this. */
const PROBE_MS = 1000

/** Bytes, or the end of the stream, or that there is no such connection. */
type Segment = Buffer | 'fin' | 'reset'

/** One end of a connection. Its life: made, opened (by `open` or `accept`), closed once. */
export class SimSocket implements Connection {
  readonly local: Address
  readonly remote: Address
  readonly process: SimProcess
  peer!: SimSocket
  readonly #world: World
  readonly #number: number
  #events: ConnectionEvents | undefined
  /** Sent, but the way is cut. */
  #held: Segment[] = []
  /** Arrived, and not taken by the process yet. */
  readonly #inbox: Segment[] = []
  #lastArrivalMs = 0
  #unreadBytes = 0
  #isPaused = false
  #isOver = false
  #hasFinished = false
  #mustDrain = false

  constructor(world: World, number: number, process: SimProcess, local: Address, remote: Address) {
    this.#world = world
    this.#number = number
    this.process = process
    this.local = local
    this.remote = remote
  }

  open(events: ConnectionEvents & { opened(connection: Connection): void }): void {
    this.process.act(() => {
      if (this.#isOver) {
        events.closed(new Error('connection reset'))
        return
      }
      this.#events = events
      events.opened(this)
      this.#take()
    })
  }

  accept(accept: (connection: Connection) => ConnectionEvents): void {
    this.process.act(() => {
      if (this.#isOver) return
      const events = accept(this)
      // It may have been refused by a call of `destroy`.
      this.#events = events
      this.#take()
    })
  }

  get waitingBytes(): number {
    return Math.max(0, this.#unreadBytes - KERNEL_BYTES)
  }

  write(bytes: Uint8Array, released?: () => void): boolean {
    released?.()
    if (this.#isOver || this.#hasFinished || this.process.isDead) return true
    this.#unreadBytes += bytes.length
    this.#send(Buffer.from(bytes))
    if (this.waitingBytes <= HIGH_WATER_BYTES) return true
    this.#mustDrain = true
    return false
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#world.queue.after(0, () => this.process.act(() => this.#take()))
  }

  end(): void {
    if (this.#isOver || this.process.isDead) return
    this.#finish()
  }

  destroy(error?: Error): void {
    if (this.#isOver || this.process.isDead) return
    this.#finish()
    this.#over(error)
  }

  /** Both ends lose the connection, each in its time. */
  reset(): void {
    for (const end of [this, this.peer] as SimSocket[]) {
      this.#world.queue.after(this.#world.random.below(20), () => end.#arrive('reset'))
    }
  }

  /** A kernel that lives closes the connections of its process; a machine without power says nothing. */
  processEnded(kind: CrashKind): void {
    if (kind === 'process') {
      if (!this.#isOver) this.#finish()
    } else this.#held = []
    this.#isOver = true
    this.#events = undefined
    this.#forget()
  }

  /** The way may work again. */
  sendHeld(): void {
    const held = this.#held
    if (held.length === 0) return
    this.#held = []
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#world.nowMs + this.#world.network.links.retransmitMs())
    for (const segment of held) this.#send(segment)
    if (this.#isOver) this.#forget()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What a cut holds back is still to be sent. */
  #forget(): void {
    if (this.#held.length === 0) this.#world.network.forget(this)
  }

  #finish(): void {
    if (this.#hasFinished) return
    this.#hasFinished = true
    this.#send('fin')
  }

  #send(segment: Segment): void {
    const { links } = this.#world.network
    if (this.#held.length > 0 || links.isCut(this.local.host, this.remote.host)) {
      this.#held.push(segment)
      return
    }
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#world.nowMs + links.delayMs())
    this.#world.queue.at(this.#lastArrivalMs, () => this.peer.#arrive(segment))
  }

  #arrive(segment: Segment): void {
    const { machine, isDead } = this.process
    if (isDead || this.#isOver) {
      if (segment !== 'reset') this.#answerFromNobody(machine.isPowered)
      return
    }
    this.#inbox.push(segment)
    this.process.act(() => this.#take())
  }

  /** Whoever writes to a connection that is gone hears so from the machine's kernel, once there is one. */
  #answerFromNobody(isPowered: boolean): void {
    const { peer } = this
    if (peer.#isOver || peer.process.isDead) return
    // What was written is sent again until then, so the answer comes some time.
    if (!isPowered || this.#world.network.links.isCut(this.local.host, this.remote.host)) {
      this.#world.queue.after(PROBE_MS, () => this.#answerFromNobody(this.process.machine.isPowered))
      return
    }
    this.#world.queue.after(this.#world.network.links.delayMs(), () => peer.#arrive('reset'))
  }

  #take(): void {
    while (this.#events !== undefined && !this.#isPaused && !this.#isOver) {
      const segment = this.#inbox.shift()
      if (segment === undefined) return
      if (segment === 'reset') this.#over(new Error('connection reset by peer'))
      else if (segment === 'fin') {
        this.#finish()
        this.#over(undefined)
      } else this.#receive(segment)
    }
  }

  #receive(bytes: Buffer): void {
    this.#world.trace.mark(this.#number, bytes.length)
    for (let at = 0; at < bytes.length && !this.#isOver; ) {
      const buffer = this.#events!.readBuffer()
      const count = Math.min(buffer.length, bytes.length - at)
      buffer.set(bytes.subarray(at, at + count))
      this.#events!.received(count)
      at += count
    }
    this.peer.#taken(bytes.length)
  }

  /** The peer has read so much. */
  #taken(count: number): void {
    this.#unreadBytes -= count
    if (!this.#mustDrain || this.waitingBytes > 0) return
    this.#mustDrain = false
    this.#world.queue.after(0, () =>
      this.process.act(() => {
        if (!this.#isOver) this.#events?.drained()
      }),
    )
  }

  /** The owner is told from the event loop, never from within its own call. */
  #over(error: Error | undefined): void {
    this.#isOver = true
    this.#forget()
    this.#world.queue.after(0, () =>
      this.process.act(() => {
        this.#world.trace.mark(this.#number, -1)
        const events = this.#events
        this.#events = undefined
        events?.closed(error)
      }),
    )
  }
}
