import { dirname } from 'node:path'
import type { StoreReporter } from '../store-options.ts'
import type { CompactionFiles } from './compaction-files.ts'
import type { CompactionLog } from './compaction-log.ts'

/** Logs synced at a time; the thread pool's other threads stay free for the commit log. */
const SYNCS_UNDER_WAY = 2
/** `<root>/compaction/compactionLog/<topic>/<queueId>`, counted from its end to the root. */
const LEVELS = 5

/** Makes compaction logs durable, a few at a time. Of each only the last files can have changed. */
export class CompactionSync {
  /** After a failed fdatasync nobody knows what reached the device: nothing counts as durable until a restart. */
  isFrozen = false
  readonly #files: CompactionFiles
  readonly #reporter: StoreReporter
  readonly #asked = new Set<CompactionLog>()
  #underWay = 0

  constructor(files: CompactionFiles, reporter: StoreReporter) {
    this.#files = files
    this.#reporter = reporter
  }

  ask(log: CompactionLog): void {
    this.#asked.add(log)
  }

  askAll(logs: Iterable<CompactionLog>): void {
    for (const log of logs) {
      if (log.segments.isDirty) this.#asked.add(log)
      // What needed no copying needs no sync.
      else if (!log.isSyncing && !this.isFrozen) log.durableOffset = log.nextCopyOffset
    }
  }

  pump(): void {
    for (const log of this.#asked) {
      if (this.#underWay >= SYNCS_UNDER_WAY || this.isFrozen) return
      if (log.isSyncing || log.isStuck) continue
      this.#asked.delete(log)
      if (log.segments.isDirty) this.#begin(log)
    }
  }

  /** Waits for it. Throws the operating system's error; after one it is not tried again, as {@link isFrozen} has it. */
  syncNow(log: CompactionLog): void {
    const { segments } = log
    if (this.isFrozen || (!segments.isDirty && !log.isSyncing)) return
    try {
      this.#syncFilesOf(log)
    } catch (error) {
      this.#freeze(error)
      throw error
    }
    segments.isDirty = false
    segments.hasNewFile = false
    log.durableOffset = log.nextCopyOffset
  }

  #syncFilesOf(log: CompactionLog): void {
    const { segments } = log
    const { last } = segments
    if (last === undefined) return
    this.#files.file(segments.logPath(last)).syncDataNow()
    this.#files.file(segments.queuePath(last)).syncDataNow()
    for (const folder of newFoldersOf(log)) this.#files.disk.syncFolder(folder)
  }

  #begin(log: CompactionLog): void {
    const { segments } = log
    const last = segments.last
    segments.isDirty = false
    if (last === undefined) return
    const end = log.nextCopyOffset
    log.isSyncing = true
    this.#underWay++
    const paths = [segments.logPath(last), segments.queuePath(last)]
    const folders = newFoldersOf(log)
    segments.hasNewFile = false
    this.#syncNext(log, paths, folders, end)
  }

  #syncNext(log: CompactionLog, paths: string[], folders: string[], end: number): void {
    const done = (error: Error | null): void => {
      if (error === null && !log.isRemoved) this.#syncNext(log, paths, folders, end)
      else this.#end(log, end, error)
    }
    try {
      const path = paths.shift()
      const folder = path === undefined ? folders.shift() : undefined
      if (path !== undefined) this.#files.sync(path, done)
      else if (folder !== undefined) this.#files.disk.syncFolderLater(folder, done)
      else this.#end(log, end, null)
    } catch (error) {
      this.#end(log, end, error as Error)
    }
  }

  #end(log: CompactionLog, end: number, error: Error | null): void {
    log.isSyncing = false
    this.#underWay--
    if (error === null) {
      log.durableOffset = Math.max(log.durableOffset, Math.min(end, log.nextCopyOffset))
      return
    }
    // The topic was deleted meanwhile, and its folder with it.
    if (log.isRemoved) return
    this.#freeze(error)
  }

  #freeze(error: unknown): void {
    this.isFrozen = true
    const text =
      'cannot sync a compaction log: nothing more is copied there and the commit log is kept, until a restart'
    this.#reporter.error(text, error)
  }
}

/** Those that have got a new name: of a file, and of the folders for it. */
function newFoldersOf({ segments: { folders, hasNewFile } }: CompactionLog): string[] {
  const found: string[] = []
  if (!hasNewFile) return found
  for (let { log, queue } = folders, level = 0; level < LEVELS; log = dirname(log), queue = dirname(queue), level++) {
    found.push(log)
    if (queue !== log) found.push(queue)
  }
  return found
}
