import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Plan } from '../../../plan/plan.ts'
import { dataDirFiles } from '../cluster-state.ts'
import { lockHolder } from '../data-dir-lock.ts'
import { ownProcess, type ProcessRef } from '../process-identity.ts'

/** What the supervisor of a data dir is asked to do. */
export interface RolloutRequest {
  /** Events of this rollout carry it. */
  readonly id: string
  readonly wanted: Plan
  readonly allow: readonly string[]
  readonly waitTimeoutMs: number
  readonly askedBy: ProcessRef
}

/** Another rollout is under way, or asked for. */
class RolloutUnderWayError extends Error {
  readonly code = 'ROLLOUT_UNDER_WAY'

  constructor(supervisorPid: number | undefined, askerPid: number | undefined) {
    super(
      `another rollout of this cluster is under way, carried out by the supervisor with pid ${supervisorPid ?? 'unknown'} ` +
        `and asked for by the process with pid ${askerPid ?? 'unknown'}. Try again when it is done.`,
    )
    this.name = 'RolloutUnderWayError'
  }
}

export function readRequest(dataDir: string): RolloutRequest | undefined {
  try {
    return JSON.parse(readFileSync(dataDirFiles(dataDir).rolloutRequest, 'utf8')) as RolloutRequest
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export const removeRequest = (dataDir: string): void => rmSync(dataDirFiles(dataDir).rolloutRequest, { force: true })

/** @throws RolloutUnderWayError when a supervisor has a request that it has not come to the end of */
export function checkNoneUnderWay(dataDir: string): void {
  const supervisor = lockHolder(dataDir)
  const request = supervisor === undefined ? undefined : readRequest(dataDir)
  if (request !== undefined) throw new RolloutUnderWayError(supervisor?.pid, request.askedBy.pid)
}

/**
 * Leaves a request for the supervisor of a data dir. It stays there until the supervisor has come to the end of it.
 * @throws RolloutUnderWayError when there is one of another rollout
 */
export function putRequest(dataDir: string, request: Omit<RolloutRequest, 'askedBy'>): void {
  const path = dataDirFiles(dataDir).rolloutRequest
  const askedBy = ownProcess()
  const candidate = `${path}.${askedBy.pid}`
  // One that nobody carries out any more.
  if (lockHolder(dataDir) === undefined) removeRequest(dataDir)
  writeFileSync(candidate, JSON.stringify({ ...request, askedBy }))
  try {
    // A link appears complete or not at all, and fails when the name is taken.
    linkSync(candidate, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new RolloutUnderWayError(lockHolder(dataDir)?.pid, readRequest(dataDir)?.askedBy.pid)
  } finally {
    rmSync(candidate, { force: true })
  }
}
