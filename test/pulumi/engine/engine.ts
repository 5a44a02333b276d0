import type { Step } from './step-log.ts'
import type { Properties } from './values.ts'

export type Verb = 'preview' | 'up' | 'refresh' | 'destroy'

export interface RunOptions {
  /** Cuts the run short at this operation: it is done, but nothing of it is kept. Only where {@link Engine.canInterrupt}. */
  readonly interruptAt?: number
}

export interface RunResult {
  readonly ok: boolean
  readonly steps: readonly Step[]
  /** Of the stack, after the run. */
  readonly outputs: Properties
  readonly errors: readonly string[]
  /** What program and providers printed. */
  readonly output: string
}

/** What runs a stack: the test engine, or the real CLI. */
export interface Engine {
  readonly name: string
  readonly canInterrupt: boolean
  run(verb: Verb, options?: RunOptions): Promise<RunResult>
  /** Forgets everything that was made, as when a state file is lost. */
  loseState(): void
}
