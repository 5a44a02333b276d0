import { type CrashKind, SimDisk } from '../sim-disk.ts'
import { ProcessDisk } from './process-disk.ts'
import { SimProcess } from './sim-process.ts'
import { START_MS, type World } from './world.ts'

/** Syncs end so long after they were asked for, in ms. */
const SYNC_MS = 3
const SLOW_SYNC_MS = 250

/** A machine: its address, its disk, its clocks, and the one process that runs on it. */
export class Machine {
  readonly world: World
  readonly number: number
  readonly name: string
  readonly host: string
  disk: SimDisk
  process: SimProcess | undefined
  /** Off after its power was cut, until it boots. */
  isPowered = true
  isDiskSlow = false
  pausedUntilMs = 0
  /** Milliseconds of this machine's clock per simulated one. */
  readonly clockRate: number
  #wallOffsetMs: number
  #lives = 0
  #diskSeed: number

  constructor(world: World, number: number, name: string, host: string) {
    this.world = world
    this.number = number
    this.name = name
    this.host = host
    // Clocks of two machines drift apart by at most 2 %.
    this.clockRate = 0.99 + world.random.below(2001) / 100_000
    this.#wallOffsetMs = world.between(-50, 50)
    this.#diskSeed = world.random.below(1_000_000_000)
    this.disk = this.#newDisk()
  }

  get isUp(): boolean {
    return this.process !== undefined
  }

  monotonic(): number {
    return this.number * 1_000_003 + this.world.nowMs * this.clockRate
  }

  wallMs(): number {
    return Math.trunc(START_MS + this.#wallOffsetMs + this.world.nowMs * this.clockRate)
  }

  /** Somebody sets the clock. */
  jumpClock(ms: number): void {
    this.world.trace.line(`${this.name}: clock is set ${ms > 0 ? 'forward' : 'back'} by ${Math.abs(ms)} ms`)
    this.#wallOffsetMs += ms
  }

  /** A new process, in place of none. */
  boot(): SimProcess {
    if (this.process !== undefined) throw new Error(`${this.name} runs already`)
    this.isPowered = true
    this.pausedUntilMs = 0
    this.#lives++
    const process: SimProcess = new SimProcess(this, this.#lives)
    process.disk = new ProcessDisk(this.disk, process)
    this.process = process
    return process
  }

  /** The process ends by itself: what it wrote stays, the operating system closes its connections. */
  exited(process: SimProcess): void {
    if (this.process !== process) return
    this.process = undefined
    process.end('process')
    this.disk.crash('process')
  }

  kill(kind: CrashKind): void {
    const { process } = this
    this.world.trace.line(`${this.name}: crash (${kind})`)
    this.process = undefined
    if (kind !== 'process') this.isPowered = false
    process?.end(kind)
    this.disk.crash(kind)
  }

  /** Held up, as by SIGSTOP; the kernel goes on taking in what arrives. */
  pause(ms: number): void {
    this.world.trace.line(`${this.name}: held up for ${ms} ms`)
    this.pausedUntilMs = this.world.nowMs + ms
  }

  /** Another, empty disk. The machine has to be down. */
  wipe(): void {
    if (this.process !== undefined) throw new Error(`${this.name} runs: its disk cannot be changed`)
    this.world.trace.line(`${this.name}: has an empty disk`)
    this.#diskSeed++
    this.disk = this.#newDisk()
  }

  #newDisk(): SimDisk {
    const disk: SimDisk = new SimDisk({
      seed: this.#diskSeed,
      syncs: 'manual',
      now: () => this.wallMs(),
      onSyncAsked: () => this.#syncLater(disk),
    })
    return disk
  }

  /** Syncs take a while, and end in the order of chance. */
  #syncLater(disk: SimDisk): void {
    const { random, queue } = this.world
    const ms = this.isDiskSlow ? random.below(SLOW_SYNC_MS) : random.below(random.below(30) === 0 ? 60 : SYNC_MS)
    const { process } = this
    queue.after(0.2 + ms, () => {
      if (process === undefined || disk !== this.disk) return
      process.act(() => {
        if (disk.completeSyncs() > 0) this.world.trace.mark(this.number, 1)
      })
    })
  }
}
