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
  #last: Promise<void> = Promise.resolve()

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

  /**
   * Runs an operation that changes something. In a run that is to be cut short they go one after the other, so that the
   * place is always the same.
   * @throws InterruptedError when this is where the run is to end, or ended before.
   */
  async run<T>(operation: Operation, urn: string, act: () => Promise<T>): Promise<T> {
    if (this.#interruptAt === undefined) return this.#record(operation, urn, act)
    const before = this.#last
    const own = before.then(() => this.#recordOrInterrupt(operation, urn, act))
    this.#last = own.then(
      () => undefined,
      () => undefined, // Whoever asked for it is told.
    )
    return own
  }

  async #record<T>(operation: Operation, urn: string, act: () => Promise<T>): Promise<T> {
    const result = await act()
    this.add(operation, urn)
    return result
  }

  async #recordOrInterrupt<T>(operation: Operation, urn: string, act: () => Promise<T>): Promise<T> {
    const place = ++this.#started
    const message = `cut short at operation ${this.#interruptAt}: ${operation} ${urn}`
    if (place > (this.#interruptAt ?? 0)) throw new InterruptedError(message)
    if (place < (this.#interruptAt ?? 0)) return this.#record(operation, urn, act)
    await act()
    this.#interrupt()
    throw new InterruptedError(message)
  }
}
