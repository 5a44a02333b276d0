import type { Plan } from '../../../plan/plan.ts'
import type { Unfinished } from '../../../plan/rollout/unfinished.ts'
import { dataDirFiles, readJson } from '../cluster-state.ts'

/** What has to be known of a rollout to go on with it, besides the plan by which the cluster runs (plan.json). */
export interface RolloutJournal {
  readonly version: 1
  /** running: under way, or cut off. stopped: something failed. done: the cluster is as wanted. */
  readonly state: 'running' | 'stopped' | 'done'
  readonly wanted: Plan
  readonly allow: readonly string[]
  readonly unfinished: Unfinished
}

const readJournal = (dataDir: string): RolloutJournal | undefined =>
  readJson(dataDirFiles(dataDir).rollout) as RolloutJournal | undefined

/** The rollout of a data dir that has not come to its end. */
export const openRollout = (dataDir: string): RolloutJournal | undefined => {
  const journal = readJournal(dataDir)
  return journal === undefined || journal.state === 'done' ? undefined : journal
}
