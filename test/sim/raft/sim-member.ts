import type { Clock, Timer } from '../../../runtime/io/clock.ts'
import type { Logger } from '../../../runtime/observe/logger.ts'
import type { Peer } from '../../../runtime/raft/consensus.ts'
import type { Message } from '../../../runtime/raft/message.ts'
import { RaftGroup, type RaftGroupOptions } from '../../../runtime/raft/raft-group.ts'
import type { RaftTransport, TransportUser } from '../../../runtime/raft/transport/raft-transport.ts'
import { SeededRandom } from '../seeded-random.ts'
import { type CrashKind, SimDisk } from '../sim-disk.ts'
import type { EventQueue } from './event-queue.ts'
import { RegisterMachine } from './register-machine.ts'
import type { SafetyChecker } from './safety-checker.ts'

export interface MemberWorld {
  readonly queue: EventQueue
  readonly random: SeededRandom
  readonly checker: SafetyChecker
  readonly settings: NonNullable<RaftGroupOptions['settings']>
  /** Messages leave; some of them arrive. */
  post(messages: readonly Message[]): void
  isStartRefused: boolean
  trace(line: string): void
  failed(error: Error): void
}

/** One life of a process: when it has ended nothing that it began comes to anything. */
class Life {
  isOver = false
}

/** A member of the group with its disk, its clock and what can happen to it. */
export class SimMember {
  readonly id: string
  readonly #world: MemberWorld
  readonly #clockRate: number
  readonly #clockOffset: number
  #peers: readonly Peer[]
  #diskSeed: number
  disk: SimDisk
  machine!: RegisterMachine
  group: RaftGroup | undefined
  #user: TransportUser | undefined
  #life = new Life()
  #pausedUntilMs = 0
  #syncsFromMs = 0

  constructor(id: string, peers: readonly Peer[], world: MemberWorld) {
    this.id = id
    this.#world = world
    this.#peers = peers
    const { random } = world
    // Clocks of two members differ by 6 % at most.
    this.#clockRate = 0.97 + random.below(61) / 1000
    this.#clockOffset = random.below(1_000_000)
    this.#diskSeed = random.below(1_000_000)
    this.disk = new SimDisk({ seed: this.#diskSeed, syncs: 'manual' })
    this.#syncLater()
  }

  get isUp(): boolean {
    return this.group !== undefined
  }

  /** A founder that starts with an empty disk knows whom the group consists of now. */
  set peers(peers: readonly Peer[]) {
    this.#peers = peers
  }

  start(): void {
    const { checker, settings, random, trace } = this.#world
    const life = new Life()
    this.#life = life
    this.#pausedUntilMs = 0
    this.#syncsFromMs = 0
    this.machine = new RegisterMachine({
      applied: (index, command, version) => checker.applied(this.id, index, command, version),
      restored: (version, digest) => checker.restored(this.id, version, digest),
    })
    checker.started(this.id)
    const group = new RaftGroup({
      group: 'sim',
      selfId: this.id,
      peers: this.#peers,
      folder: '/raft',
      machine: this.machine,
      clock: this.#clock(life),
      random: new SeededRandom(random.below(1_000_000)),
      disk: this.disk,
      logger: this.#logger(),
      transport: this.#transport(life),
      settings,
      onFailed: (error) => this.#world.failed(error),
    })
    this.group = group
    trace(`${this.id} starts`)
    group.start().catch((error) => this.#world.failed(error))
    if (group.node === undefined) this.#world.isStartRefused = true
    this.look()
  }

  crash(kind: CrashKind): void {
    this.#world.trace(`${this.id} crashes: ${kind}`)
    this.#life.isOver = true
    this.group = undefined
    this.#user = undefined
    this.disk.crash(kind)
  }

  /** The disk is empty now. */
  wipe(): void {
    this.#world.trace(`${this.id} has an empty disk`)
    this.#diskSeed++
    this.disk = new SimDisk({ seed: this.#diskSeed, syncs: 'manual' })
  }

  pause(ms: number): void {
    this.#world.trace(`${this.id} is held up for ${ms} ms`)
    this.#pausedUntilMs = this.#world.queue.nowMs + ms
  }

  /** Nothing becomes durable for so long. */
  holdSyncs(ms: number): void {
    this.#syncsFromMs = this.#world.queue.nowMs + ms
  }

  receive(message: Message): void {
    this.#act(this.#life, () => this.#user?.receive(message))
  }

  gone(id: string): void {
    this.#act(this.#life, () => this.#user?.gone(id))
  }

  /** After whatever happened here the safety properties hold. */
  look(): void {
    const node = this.group?.node
    if (node !== undefined) this.#world.checker.check(this.id, node)
  }

  /** Runs it in this life, once the process is not held up any more. */
  #act(life: Life, run: () => void): void {
    if (life.isOver) return
    const { queue } = this.#world
    if (queue.nowMs < this.#pausedUntilMs) {
      queue.at(this.#pausedUntilMs, () => this.#act(life, run))
      return
    }
    run()
    this.look()
  }

  #clock(life: Life): Clock {
    const { queue } = this.#world
    const monotonic = () => this.#clockOffset + queue.nowMs * this.#clockRate
    const after = (delayMs: number, run: () => void): Timer => {
      const timer = { isCancelled: false }
      queue.after(delayMs / this.#clockRate, () => this.#act(life, () => timer.isCancelled || run()))
      return { cancel: () => Object.assign(timer, { isCancelled: true }) }
    }
    return {
      now: () => Math.trunc(monotonic()),
      monotonic,
      after,
      every: (periodMs, run) => {
        let timer: Timer
        const again = (): void => {
          timer = after(periodMs, () => {
            again()
            run()
          })
        }
        again()
        return { cancel: () => timer.cancel() }
      },
      endOfTurn: (run) => queue.after(0, () => this.#act(life, run)),
    }
  }

  #transport(life: Life): RaftTransport {
    return {
      start: (user) => {
        this.#user = user
      },
      send: (messages) => {
        if (!life.isOver) this.#world.post(messages)
      },
      peersChanged() {},
      stop: () => {
        this.#user = undefined
      },
    }
  }

  /** Syncs take a while, and end in batches. */
  #syncLater(): void {
    const { queue, random } = this.#world
    queue.after(1 + random.below(random.below(20) === 0 ? 60 : 6), () => {
      if (queue.nowMs >= this.#syncsFromMs) this.#act(this.#life, () => this.disk.completeSyncs())
      this.#syncLater()
    })
  }

  #logger(): Logger {
    const line = (_fields: object, message: string) => this.#world.trace(`${this.id} ${message}`)
    return { debug: line, info: line, warn: line, error: line }
  }
}
