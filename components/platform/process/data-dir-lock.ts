import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dataDirFiles } from './cluster-state.ts'
import { isRunning, ownProcess, type ProcessRef } from './process-identity.ts'

/** The data dir belongs to another supervisor that is alive. */
export class DataDirInUseError extends Error {
  readonly code = 'DATA_DIR_IN_USE'
  readonly holder: ProcessRef

  constructor(dataDir: string, holder: ProcessRef) {
    super(
      `${dataDir} is in use by the supervisor with pid ${holder.pid}. Stop it with "gantry down" or choose another --data-dir.`,
    )
    this.name = 'DataDirInUseError'
    this.holder = holder
  }
}

function readHolder(path: string): ProcessRef | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessRef
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The supervisor that holds the data dir and is alive. */
export function lockHolder(dataDir: string): ProcessRef | undefined {
  const holder = readHolder(dataDirFiles(dataDir).lock)
  return holder !== undefined && isRunning(holder) ? holder : undefined
}

const attemptsMax = 10

/**
 * Takes the data dir for this process. A lock whose owner is gone (killed, machine restarted) is taken over.
 * @throws DataDirInUseError when its owner is alive.
 */
export function lockDataDir(dataDir: string): { release(): void } {
  const path = dataDirFiles(dataDir).lock
  const own = ownProcess()
  const candidate = `${path}.${own.pid}`
  writeFileSync(candidate, JSON.stringify(own))
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        // A link appears complete or not at all, and fails when the name is taken: two takers cannot both succeed.
        linkSync(candidate, path)
        return { release: () => rmSync(path, { force: true }) }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = readHolder(path)
      if (holder === undefined) continue
      if (isRunning(holder)) throw new DataDirInUseError(dataDir, holder)
      removeStale(path, holder, `${candidate}.stale`)
    }
    throw new Error(`cannot lock ${dataDir}: ${path} keeps changing. Is another gantry starting there?`)
  } finally {
    rmSync(candidate, { force: true })
  }
}

/** Moves the stale lock aside, and back again should it have become somebody else's meanwhile. */
function removeStale(path: string, stale: ProcessRef, aside: string): void {
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = readHolder(aside)
  if (moved !== undefined && moved.identity !== stale.identity) linkSync(aside, path)
  rmSync(aside, { force: true })
}
