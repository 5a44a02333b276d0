import type { Plan } from '../../../plan/plan.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import type { Unfinished } from '../../../plan/rollout/unfinished.ts'
import { staleRouteMsDefault } from '../../../rollout/routes.ts'
import { dataDirFiles, readJson, writeJson } from '../cluster-state.ts'
import { ClientRoutes, type RouteChanges } from './client-routes.ts'

/** What has to be known of a rollout to go on with it, besides the plan by which the cluster runs (plan.json). */
export interface RolloutJournal {
  readonly version: 1
  /** running: under way, or cut off. stopped: something failed. done: the cluster is as wanted. */
  readonly state: 'running' | 'stopped' | 'done'
  readonly wanted: Plan
  readonly allow: readonly string[]
  readonly unfinished: Unfinished
  readonly routes?: RouteChanges
  /** A node as it was being made while it ran, and which may have become so or not. */
  readonly changing?: PlanNode
}

const readJournal = (dataDir: string): RolloutJournal | undefined =>
  readJson(dataDirFiles(dataDir).rollout) as RolloutJournal | undefined

export const writeJournal = (dataDir: string, journal: RolloutJournal): void =>
  writeJson(dataDirFiles(dataDir).rollout, journal)

/** The rollout of a data dir that has not come to its end. */
export const openRollout = (dataDir: string): RolloutJournal | undefined => {
  const journal = readJournal(dataDir)
  return journal === undefined || journal.state === 'done' ? undefined : journal
}

/** What clients of a data dir's cluster may not know yet, of the last rollout. @param nowMs ms since 1970 */
export const recentRoutes = (dataDir: string, nowMs: number): ClientRoutes => {
  const { routes, wanted } = readJournal(dataDir) ?? {}
  return new ClientRoutes(routes).since(nowMs - (wanted?.patience?.staleRouteMs ?? staleRouteMsDefault))
}
