import { writeFileAtomic } from '../../io/atomic-file.ts'
import type { CompactionFiles } from './compaction-files.ts'
import type { CompactionFolders } from './compaction-segments.ts'

const COMPACTING = 'compacting'
/** Stands in the folder of the new log files while they take the place of the old ones. */
const PLAN_FILE = 'swap'

/** Files that go, and those that come, by name. A name may be on both lists. */
export interface SwapPlan {
  readonly remove: readonly string[]
  readonly add: readonly string[]
  /** Every message up to this offset has been looked at. */
  readonly lastOffset: number
}

/** Where a compaction writes. */
export function compactingFolders({ log, queue }: CompactionFolders): CompactionFolders {
  return { log: `${log}/${COMPACTING}`, queue: `${queue}/${COMPACTING}` }
}

/**
 * From here on the new files count. They are durable, names included: whoever opens the store goes on with
 * {@link finishSwap}, however far it had got.
 */
export function beginSwap(files: CompactionFiles, folders: CompactionFolders, plan: SwapPlan): void {
  const { log } = compactingFolders(folders)
  files.disk.makeFolder(log)
  writeFileAtomic(files.disk, `${log}/${PLAN_FILE}`, Buffer.from(JSON.stringify(plan)))
}

/** Puts the new files in the place of the old ones. May be called again after it has thrown, or after a crash. */
export function finishSwap(files: CompactionFiles, folders: CompactionFolders, plan: SwapPlan): void {
  const compacting = compactingFolders(folders)
  for (const [folder, from] of [
    [folders.log, compacting.log],
    [folders.queue, compacting.queue],
  ] as const) {
    for (const name of plan.remove) if (!plan.add.includes(name)) files.remove(`${folder}/${name}`)
    for (const name of plan.add) {
      if (files.disk.stat(`${from}/${name}`) !== undefined) files.rename(`${from}/${name}`, `${folder}/${name}`)
    }
    files.disk.syncFolder(folder)
  }
}

/** The new files stand where they belong, and that is written down elsewhere as well. */
export function endSwap(files: CompactionFiles, folders: CompactionFolders): void {
  const { log } = compactingFolders(folders)
  files.remove(`${log}/${PLAN_FILE}`)
  // A plan that comes back after a power cut would be carried out again, on other files.
  if (files.disk.stat(log) !== undefined) files.disk.syncFolder(log)
  clearCompacting(files, folders)
}

/** Removes what a compaction has written. There must be no plan. */
export function clearCompacting(files: CompactionFiles, folders: CompactionFolders): void {
  const { log, queue } = compactingFolders(folders)
  files.removeFolder(queue)
  files.removeFolder(log)
}

/** Of the process before: the plan it left, carried out, but for {@link endSwap}; undefined if it left none. */
export function resumeSwap(files: CompactionFiles, folders: CompactionFolders): SwapPlan | undefined {
  const path = `${compactingFolders(folders).log}/${PLAN_FILE}`
  if (files.disk.stat(path) === undefined) {
    if (files.disk.stat(compactingFolders(folders).log) !== undefined) clearCompacting(files, folders)
    return undefined
  }
  const plan = readPlan(files.disk.readFile(path).toString(), path)
  finishSwap(files, folders, plan)
  return plan
}

function readPlan(text: string, path: string): SwapPlan {
  const plan: unknown = JSON.parse(text)
  if (isPlan(plan)) return plan
  throw new Error(`${path} is no plan of a compaction: remove the file if the folder above it is complete`)
}

function isPlan(value: unknown): value is SwapPlan {
  if (typeof value !== 'object' || value === null) return false
  const { remove, add, lastOffset } = value as Partial<Record<keyof SwapPlan, unknown>>
  return isNames(remove) && isNames(add) && Number.isSafeInteger(lastOffset)
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && /^\d{20}$/.test(name))
}
