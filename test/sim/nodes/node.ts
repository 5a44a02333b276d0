import type { CrashKind } from '../sim-disk.ts'
import type { Machine } from '../world/machine.ts'
import type { SimProcess } from '../world/sim-process.ts'

/** A supervisor starts a process that could not start again after this. */
const START_AGAIN_MS = 500

/** A server on a machine of its own, with what can be done to it. */
export abstract class Node {
  readonly machine: Machine
  /** Faults have been put on its disk: it may refuse to start. */
  mayRefuseStart = false

  constructor(machine: Machine) {
    this.machine = machine
  }

  get isUp(): boolean {
    return this.machine.isUp
  }

  start(): void {
    if (this.isUp) return
    this.machine.world.trace.line(`${this.machine.name}: starts`)
    const process = this.machine.boot()
    process.onActed = () => this.look()
    process.act(() => {
      this.run(process).catch((error) => this.#refused(process, error))
    })
  }

  kill(kind: CrashKind): void {
    if (!this.isUp) return
    this.ending(kind)
    this.machine.kill(kind)
  }

  /** In good order; the process has ended when that is done. */
  stop(): void {
    const { process, world } = this.machine
    if (process === undefined) return
    world.trace.line(`${this.machine.name}: is stopped`)
    process.act(() => {
      this.leave().then(
        () => {
          if (process.isDead) return
          world.trace.line(`${this.machine.name}: has stopped`)
          this.ending('process')
          this.machine.exited(process)
        },
        (error) => process.isDead || world.fail(error),
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

  #refused(process: SimProcess, error: unknown): void {
    if (process.isDead) return
    const { machine } = this
    const { world } = machine
    if (!this.mayRefuseStart) {
      world.fail(new Error(`${machine.name} cannot start: ${String(error)}`, { cause: error }))
      return
    }
    world.trace.line(`${machine.name}: cannot start: ${String(error)}`)
    this.ending('process')
    machine.exited(process)
    world.queue.after(START_AGAIN_MS, () => this.start())
  }
}
