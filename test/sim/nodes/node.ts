import type { CrashKind } from '../sim-disk.ts'
import type { Machine } from '../world/machine.ts'
import type { SimProcess } from '../world/sim-process.ts'

/** A supervisor starts a process that could not start again after this. */
const START_AGAIN_MS = 500

/** A server on a machine of its own, with what can be done to it. */
export abstract class Node {
  readonly machine: Machine
  /** Faults have been put on its disk: it may refuse to start, and need not stop in good order. */
  mayRefuseStart = false
  /** It is not a part of the cluster any more, and is not started again. */
  isRetired = false
  #isStopping = false

  constructor(machine: Machine) {
    this.machine = machine
  }

  get isUp(): boolean {
    return this.machine.isUp
  }

  /** Up, and not about to end by itself. */
  get isStaying(): boolean {
    return this.isUp && !this.#isStopping
  }

  /** It was told to end, and has not been started since. */
  get isToldToEnd(): boolean {
    return this.#isStopping
  }

  start(): void {
    if (this.isUp || this.isRetired) return
    this.#isStopping = false
    this.machine.world.trace.line(`${this.machine.name}: starts`)
    const process = this.machine.boot()
    process.onActed = () => this.look()
    process.act(() => {
      this.run(process).catch((error) => this.#refused(process, error))
    })
  }

  /** Of a node whose machine another one has by now nothing is killed. */
  kill(kind: CrashKind): void {
    if (!this.isUp || this.isRetired) return
    this.ending(kind)
    this.machine.kill(kind)
  }

  /** In good order; the process has ended when that is done. */
  stop(): void {
    const { process, world } = this.machine
    if (process === undefined) return
    this.#isStopping = true
    world.trace.line(`${this.machine.name}: is stopped`)
    process.act(() => {
      this.leave().then(
        () => this.#exit(process, 'has stopped'),
        (error) => {
          if (this.mayRefuseStart) this.#exit(process, `has stopped, not in good order: ${String(error)}`)
          else if (!process.isDead) world.fail(error)
        },
      )
    })
  }

  /** Starts the server in a new process. */
  protected abstract run(process: SimProcess): Promise<void>
  /** Stops it. */
  protected abstract leave(): Promise<void>
  /** Checks what has to hold after everything that happens in it. */
  protected look(): void {}
  /** The process is about to end. */
  protected ending(_kind: CrashKind): void {}

  #exit(process: SimProcess, how: string): void {
    if (process.isDead) return
    this.machine.world.trace.line(`${this.machine.name}: ${how}`)
    this.ending('process')
    this.machine.exited(process)
  }

  #refused(process: SimProcess, error: unknown): void {
    if (process.isDead) return
    const { machine } = this
    const { world } = machine
    if (!this.mayRefuseStart) {
      world.fail(new Error(`${machine.name} cannot start: ${String(error)}`, { cause: error }))
      return
    }
    this.#exit(process, `cannot start: ${String(error)}`)
    world.queue.after(START_AGAIN_MS, () => this.start())
  }
}
