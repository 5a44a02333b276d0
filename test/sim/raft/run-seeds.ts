import { RaftSim } from './raft-sim.ts'

export interface FailedSeed {
  readonly seed: number
  /** What was broken. */
  readonly message: string
  /** The last that happened before. */
  readonly story: string
  readonly digest: string
}

export interface SeedsRun {
  readonly seeds: number
  /** Requests that were answered, in all seeds. */
  readonly answered: number
  readonly failures: readonly FailedSeed[]
  /** Of the last seed. */
  readonly digest: string
}

/** Runs the seeds from `first` on; stops behind the first failure if told to. */
export async function runSeeds(first: number, count: number, stopAtFailure = false): Promise<SeedsRun> {
  const failures: FailedSeed[] = []
  let [answered, seeds, digest] = [0, 0, '']
  for (let seed = first; seed < first + count; seed++) {
    const sim = new RaftSim(seed)
    const failure = await failureOf(sim)
    seeds++
    answered += sim.history.answeredCount
    digest = sim.digest
    if (failure === undefined) continue
    failures.push(failure)
    if (stopAtFailure) break
  }
  return { seeds, answered, failures, digest }
}

async function failureOf(sim: RaftSim): Promise<FailedSeed | undefined> {
  try {
    await sim.run()
    return undefined
  } catch (error) {
    const { message, cause } = error as Error & { readonly cause: Error }
    return { seed: sim.seed, message, story: cause.message, digest: sim.digest }
  }
}
