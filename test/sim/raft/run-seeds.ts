import { RaftSim } from './raft-sim.ts'

export interface SeedsRun {
  readonly seeds: number
  /** Requests that were answered, in all seeds. */
  readonly answered: number
  readonly committed: number
  readonly failures: readonly Error[]
}

/** Runs the seeds from `first` on; stops behind the first failure if told to. */
export async function runSeeds(first: number, count: number, stopAtFailure = false): Promise<SeedsRun> {
  const failures: Error[] = []
  let [answered, committed, seeds] = [0, 0, 0]
  for (let seed = first; seed < first + count; seed++) {
    const sim = new RaftSim(seed)
    seeds++
    try {
      await sim.run()
    } catch (error) {
      failures.push(error as Error)
      if (stopAtFailure) break
    }
    answered += sim.history.answeredCount
    committed += sim.checker.committedTo
  }
  return { seeds, answered, committed, failures }
}
