import type { Ledger } from './ledger.ts'

/** What a group that pops has got, and what it is still to get. */
export class PopBooks {
  readonly #acked = new Set<number>()
  popped = 0

  acked(id: number): void {
    this.#acked.add(id)
  }

  /** A message that is in a queue to stay, and that no consumer could acknowledge. */
  problem(ledger: Ledger): string | undefined {
    for (const { group, queueId, entries } of ledger.queues()) {
      for (const [offset, entry] of entries.entries()) {
        if (entry === undefined || entry.mayBeLost || this.#acked.has(entry.id)) continue
        return `message ${entry.id} at ${group}/${queueId}:${offset} was never acknowledged by who pops`
      }
    }
    return undefined
  }
}
