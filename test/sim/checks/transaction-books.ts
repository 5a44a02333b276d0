import type { Place } from './ledger.ts'

/** How the producer's local transaction ended; undefined while it has not. */
export type Ending = 'commit' | 'rollback'

interface Transaction {
  ending: Ending | undefined
  /** Its half message was acknowledged as safely as the brokers are configured. */
  isKept: boolean
  /** A broker may have been told to commit it. */
  mayBeCommitted: boolean
  /** The producer itself said how it ends, whether that arrived or not. */
  isToldOf: boolean
  attempts: number
  questions: number
  readonly places: Set<string>
}

/** What became of transactions, and what must not. @throws Error that names what was broken, from every method */
export class TransactionBooks {
  readonly #transactions: Transaction[] = []

  get sentCount(): number {
    return this.#transactions.length
  }

  /** Returns its number. */
  begin(): number {
    const places = new Set<string>()
    const fresh = {
      ending: undefined,
      isKept: false,
      mayBeCommitted: false,
      isToldOf: false,
      attempts: 0,
      questions: 0,
    }
    return this.#transactions.push({ ...fresh, places }) - 1
  }

  /** A half message is sent. */
  attempted(id: number): void {
    this.#transactions[id]!.attempts++
  }

  /** The local transaction has ended; `isKept`: after its half message was acknowledged. */
  decided(id: number, ending: Ending, isKept: boolean): void {
    const transaction = this.#transactions[id]!
    transaction.ending = ending
    transaction.isKept = isKept
  }

  /** A broker is told how it ended, by the producer itself or as the answer to a question. */
  told(id: number, isAnswer: boolean): void {
    const transaction = this.#transactions[id]!
    if (transaction.ending === 'commit') transaction.mayBeCommitted = true
    if (!isAnswer) transaction.isToldOf = true
  }

  /** A broker asks. Undefined: it is still under way. */
  asked(id: number): Ending | undefined {
    const transaction = this.#transactions[id]
    if (transaction === undefined) throw new Error(`a broker asks about transaction ${id}, which nobody began`)
    transaction.questions++
    return transaction.ending
  }

  delivered(id: number, { group, queueId, queueOffset }: Place): void {
    const transaction = this.#transactions[id]!
    if (!transaction.mayBeCommitted) {
      const state = transaction.ending === 'rollback' ? 'rolled back' : 'not committed'
      throw new Error(`transaction ${id} is ${state}, and delivered at ${group}/${queueId}:${queueOffset}`)
    }
    transaction.places.add(`${group}/${queueId}:${queueOffset}`)
    // A half message that was sent again may be there twice.
    if (transaction.attempts === 1 && transaction.places.size > 1) {
      throw new Error(`transaction ${id} is delivered twice, at ${[...transaction.places].join(' and ')}`)
    }
  }

  /** Positions of the group are judged by what it got in the end. */
  resumedAt(): void {}

  /** What is missing at rest. */
  problem(): string | undefined {
    for (const [id, { ending, isKept, isToldOf, questions, places }] of this.#transactions.entries()) {
      if (!isKept) continue
      if (ending === 'commit' && places.size === 0) {
        return `transaction ${id} was committed and is not delivered (${questions} questions)`
      }
      if (!isToldOf && questions === 0) return `transaction ${id} was left open, and nobody has asked about it`
    }
    return undefined
  }
}
