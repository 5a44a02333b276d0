import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../../plan/plan.ts'
import type { NodePhase } from '../platform.ts'
import type { ProcessRef } from './process-identity.ts'

/** One node as last seen by its supervisor. */
export interface NodeState {
  readonly id: string
  readonly phase: NodePhase
  readonly process?: ProcessRef
  /** Starts after the first one. */
  readonly restarts: number
  /** Why it is not healthy. */
  readonly trouble?: string
}

/** What a supervisor leaves on disk for `status`, `down` and the next supervisor. */
export interface ClusterState {
  readonly version: 1
  readonly supervisor: ProcessRef
  /** Everything was healthy and created at least once since the supervisor started. */
  readonly ready: boolean
  readonly nodes: readonly NodeState[]
}

/** Files in a data dir. */
export interface DataDirFiles {
  readonly state: string
  readonly plan: string
  /** Folders of nodes that the plan has no more; their files stay. */
  readonly formerFolders: string
  readonly lock: string
  /** How far a rollout is, for whoever goes on with it. */
  readonly rollout: string
  /** What the supervisor is asked to change the cluster to. */
  readonly rolloutRequest: string
  /** A line of JSON for each thing that happens in a rollout. */
  readonly rolloutEvents: string
  /** What was made for the cluster and nobody else is to know. */
  readonly security: string
  readonly logs: string
  readonly supervisorLog: string
}

export function dataDirFiles(dataDir: string): DataDirFiles {
  return {
    state: join(dataDir, 'state.json'),
    plan: join(dataDir, 'plan.json'),
    formerFolders: join(dataDir, 'former-folders.json'),
    lock: join(dataDir, 'supervisor.lock'),
    rollout: join(dataDir, 'rollout.json'),
    rolloutRequest: join(dataDir, 'rollout-request.json'),
    rolloutEvents: join(dataDir, 'rollout-events.jsonl'),
    security: join(dataDir, 'security'),
    logs: join(dataDir, 'logs'),
    supervisorLog: join(dataDir, 'logs', 'supervisor.log'),
  }
}

export function nodeLogFile(dataDir: string, nodeId: string): string {
  return join(dataDirFiles(dataDir).logs, `${nodeId}.log`)
}

/** Replaces the file in one step, so that a reader never sees half of it. */
export function writeJson(path: string, value: unknown): void {
  const temporary = `${path}.new`
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`)
  renameSync(temporary, path)
}

export function readJson(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${path} is not valid JSON: remove the file to start afresh`, { cause: error })
  }
}

export function createDataDir(dataDir: string): void {
  mkdirSync(dataDirFiles(dataDir).logs, { recursive: true })
}

export function writeState(dataDir: string, state: ClusterState): void {
  writeJson(dataDirFiles(dataDir).state, state)
}

/** @throws Error when the file was written by a version with another layout. */
export function readState(dataDir: string): ClusterState | undefined {
  const path = dataDirFiles(dataDir).state
  const state = readJson(path) as ClusterState | undefined
  if (state !== undefined && state.version !== 1) {
    throw new Error(`${path} has layout version ${state.version}, this gantry knows version 1: use the other gantry`)
  }
  return state
}

/** Folders of nodes that the plan that was before has and this one has not are remembered: see {@link formerFolders}. */
export function writePlan(dataDir: string, plan: Plan): void {
  const files = dataDirFiles(dataDir)
  const known = formerFolders(dataDir)
  const now = new Set(plan.nodes.map((node) => node.dataDir))
  const before = readPlan(dataDir)?.nodes.map((node) => node.dataDir) ?? []
  const former = [...new Set([...known, ...before])].filter((folder) => !now.has(folder))
  // Before the plan: whoever is killed in between remembers one too many, which the plan then says.
  if (former.join() !== known.join()) writeJson(files.formerFolders, former)
  writeJson(files.plan, plan)
}

/** Folders of nodes that were in an earlier plan of the data dir. */
export const formerFolders = (dataDir: string): readonly string[] =>
  (readJson(dataDirFiles(dataDir).formerFolders) as readonly string[] | undefined) ?? []

export function readPlan(dataDir: string): Plan | undefined {
  return readJson(dataDirFiles(dataDir).plan) as Plan | undefined
}
