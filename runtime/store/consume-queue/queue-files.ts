import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import type { Disk, DiskFile } from '../../io/disk.ts'
import type { StoreReporter } from '../store-options.ts'
import type { ConsumeQueue } from './consume-queue.ts'

/** Files of one queue that the key can tell apart: 5 * 10^12 units at the usual file size. */
const FILES_PER_QUEUE = 2 ** 24
const FILE_NAME = /^\d{20}$/

interface OpenFile {
  readonly key: number
  readonly file: DiskFile
  /** Syncs under way; a pinned file is closed only when they are done. */
  pins: number
  isEvicted: boolean
}

/** A file, or a folder, that has changed since it was last synced. */
export interface SyncTarget {
  readonly queue: ConsumeQueue
  readonly fileIndex: number
}

/**
 * The files of all consume queues: at most `openFilesMax` of them open, and a list of those written since their last sync.
 */
export class QueueFiles {
  readonly disk: Disk
  readonly #openFilesMax: number
  /** In order of use, the latest last. */
  readonly #open = new Map<number, OpenFile>()
  #unsynced = new Map<number, SyncTarget>()
  #unsyncedFolders = new Set<string>()

  constructor(disk: Disk, openFilesMax: number) {
    this.disk = disk
    this.#openFilesMax = openFilesMax
  }

  get openCount(): number {
    return this.#open.size
  }

  /** Indexes of the files in a queue's folder, ascending; names that are no file of a queue are passed over. */
  list(queue: ConsumeQueue): number[] {
    const { folder, fileBytes } = queue
    const indexes: number[] = []
    for (const name of this.disk.list(folder)) {
      if (!FILE_NAME.test(name)) continue
      const start = Number(name)
      if (start % fileBytes !== 0) {
        throw new Error(
          `consume queue file ${folder}/${name} does not start at a multiple of ${fileBytes} bytes: set ` +
            `${sizeKey(queue)} to what the store was written with`,
        )
      }
      indexes.push(start / fileBytes)
    }
    return indexes
  }

  path(queue: ConsumeQueue, fileIndex: number): string {
    return `${queue.folder}/${String(fileIndex * queue.fileBytes).padStart(20, '0')}`
  }

  read(queue: ConsumeQueue, fileIndex: number, into: Uint8Array, length: number, position: number): void {
    const count = this.#acquire(queue, fileIndex).file.read(into, 0, length, position)
    if (count === length) return
    throw new Error(`consume queue file ${this.path(queue, fileIndex)} ends ${length - count} bytes too early`)
  }

  write(queue: ConsumeQueue, fileIndex: number, from: Uint8Array, length: number, position: number): void {
    const { key, file } = this.#acquire(queue, fileIndex)
    this.#unsynced.set(key, { queue, fileIndex })
    file.write(from, 0, length, position)
  }

  /** Makes a file of zeros at its full size, whatever a failed earlier attempt has left there. */
  create(queue: ConsumeQueue, fileIndex: number): void {
    this.zeroFrom(queue, fileIndex, 0)
    const topicFolder = queue.folder.slice(0, queue.folder.lastIndexOf('/'))
    this.#unsyncedFolders
      .add(queue.folder)
      .add(topicFolder)
      .add(topicFolder.slice(0, topicFolder.lastIndexOf('/')))
  }

  /**
   * Everything from `position` on becomes zero, and the file has its full size. Its name is to be synced, too: either it
   * is new, or a process made it that died before it could.
   */
  zeroFrom(queue: ConsumeQueue, fileIndex: number, position: number): void {
    const { key, file } = this.#acquire(queue, fileIndex)
    this.#unsynced.set(key, { queue, fileIndex })
    file.truncate(position)
    file.truncate(queue.fileBytes)
    const topicFolder = dirname(queue.folder)
    this.#unsyncedFolders.add(queue.folder).add(topicFolder).add(dirname(topicFolder))
  }

  remove(queue: ConsumeQueue, fileIndex: number): void {
    this.#drop(keyOf(queue, fileIndex))
    this.disk.remove(this.path(queue, fileIndex))
    this.#unsyncedFolders.add(queue.folder)
  }

  /** Forgets a queue's files without touching them. */
  forget(queue: ConsumeQueue, firstIndex: number, lastIndex: number): void {
    for (let index = firstIndex; index <= lastIndex; index++) this.#drop(keyOf(queue, index))
    this.#unsyncedFolders.delete(queue.folder)
  }

  forgetFolder(folder: string, parent: string): void {
    this.#unsyncedFolders.delete(folder)
    this.#unsyncedFolders.add(parent)
  }

  /** Files changed since they were last asked for here; the caller syncs them or gives them back. */
  takeUnsynced(): SyncTarget[] {
    const targets = [...this.#unsynced.values()]
    this.#unsynced.clear()
    return targets
  }

  takeUnsyncedFolders(): string[] {
    const folders = [...this.#unsyncedFolders]
    this.#unsyncedFolders.clear()
    return folders
  }

  giveBack(targets: Iterable<SyncTarget>, folders: Iterable<string>): void {
    for (const target of targets) this.#unsynced.set(keyOf(target.queue, target.fileIndex), target)
    for (const folder of folders) this.#unsyncedFolders.add(folder)
  }

  syncNow(target: SyncTarget): void {
    this.#acquire(target.queue, target.fileIndex).file.syncDataNow()
  }

  /** The file stays open until `done`, whatever the limit says. */
  sync(target: SyncTarget, done: (error: Error | null) => void): void {
    const entry = this.#acquire(target.queue, target.fileIndex)
    entry.pins++
    entry.file.syncData((error) => {
      entry.pins--
      if (entry.isEvicted && entry.pins === 0) entry.file.close()
      done(error)
    })
  }

  closeAll(): void {
    for (const key of [...this.#open.keys()]) this.#drop(key, false)
  }

  #acquire(queue: ConsumeQueue, fileIndex: number): OpenFile {
    const key = keyOf(queue, fileIndex)
    const open = this.#open.get(key)
    if (open) {
      this.#open.delete(key)
      this.#open.set(key, open)
      return open
    }
    while (this.#open.size >= this.#openFilesMax) this.#evict()
    const opened = { key, file: this.disk.open(this.path(queue, fileIndex), 'write'), pins: 0, isEvicted: false }
    this.#open.set(key, opened)
    return opened
  }

  #evict(): void {
    for (const entry of this.#open.values()) {
      this.#closeEntry(entry)
      return
    }
  }

  #drop(key: number, isGone = true): void {
    if (isGone) this.#unsynced.delete(key)
    const entry = this.#open.get(key)
    if (entry) this.#closeEntry(entry)
  }

  #closeEntry(entry: OpenFile): void {
    this.#open.delete(entry.key)
    entry.isEvicted = true
    if (entry.pins === 0) entry.file.close()
  }
}

function keyOf(queue: ConsumeQueue, fileIndex: number): number {
  assert(fileIndex < FILES_PER_QUEUE, 'a consume queue has fewer than 2^24 files')
  return queue.id * FILES_PER_QUEUE + fileIndex
}

function sizeKey(queue: ConsumeQueue): string {
  return queue.isBatch ? 'mapperFileSizeBatchConsumeQueue' : 'mappedFileSizeConsumeQueue'
}

/** The last of the files (`indexes`, ascending) that follow one another without a gap; what comes behind one is removed. */
export function connectedFiles(
  queue: ConsumeQueue,
  indexes: readonly number[],
  files: QueueFiles,
  reporter: StoreReporter,
): number {
  const first = indexes[0]!
  let last = first
  while (indexes[last - first + 1] === last + 1) last++
  for (const beyond of indexes.slice(last - first + 1)) {
    reporter.warn(`${files.path(queue, beyond)} follows a gap and is removed; recovery rebuilds it`)
    files.remove(queue, beyond)
  }
  return last
}

/** A power cut may take the size of any file that was not synced. */
export function checkFileSize(
  queue: ConsumeQueue,
  fileIndex: number,
  unitBytes: number,
  { files, reporter }: { readonly files: QueueFiles; readonly reporter: StoreReporter },
): void {
  const { fileBytes } = queue
  const path = files.path(queue, fileIndex)
  const sizeBytes = files.disk.stat(path)?.sizeBytes ?? 0
  if (sizeBytes === fileBytes) return
  if (sizeBytes > fileBytes) {
    throw new Error(
      `consume queue file ${path} has ${sizeBytes} bytes instead of ${fileBytes}: set ${sizeKey(queue)} ` +
        'to what the store was written with',
    )
  }
  reporter.warn(`consume queue file ${path} has ${sizeBytes} bytes and is extended to ${fileBytes}`)
  files.zeroFrom(queue, fileIndex, sizeBytes - (sizeBytes % unitBytes))
}
