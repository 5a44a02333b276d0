export type Operation = 'create' | 'update' | 'replace' | 'delete' | 'same' | 'refresh'

export interface Step {
  readonly operation: Operation
  readonly urn: string
}

/** The run was cut short on purpose. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
}

/** What a run did, in order, and the place where a test cuts it short. */
export class StepLog {
  readonly steps: Step[] = []
  readonly #interruptAt: number | undefined
  readonly #interrupt: () => void
  #started = 0

  /**
   * @param interruptAt the operation (of those that change something) at which the run is cut short: done, but its result lost
   * @param interrupt ends everything at once
   */
  constructor(interruptAt: number | undefined, interrupt: () => void) {
    this.#interruptAt = interruptAt
    this.#interrupt = interrupt
  }

  add(operation: Operation, urn: string): void {
    this.steps.push({ operation, urn })
  }

  /** Runs an operation that changes something. @throws InterruptedError when this is where the run is to end. */
  async run<T>(operation: Operation, urn: string, act: () => Promise<T>): Promise<T> {
    const isLast = ++this.#started === this.#interruptAt
    const result = await act()
    if (isLast) {
      this.#interrupt()
      throw new InterruptedError(`cut short at operation ${this.#interruptAt}: ${operation} ${urn}`)
    }
    this.add(operation, urn)
    return result
  }
}
