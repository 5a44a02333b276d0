import { dirname } from 'node:path'
import type { Disk, DiskFile, DiskLock, DiskSpace, FileStat, OpenMode } from '../../runtime/io/disk.ts'
import { SeededRandom } from './seeded-random.ts'
import { PAGE_BYTES, SimContent } from './sim-file.ts'

export type DiskOperation =
  | 'open'
  | 'size'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'close'
  | 'stat'
  | 'list'
  | 'makeFolder'
  | 'remove'
  | 'rename'
  | 'readFile'
  | 'writeFile'
  | 'syncFolder'
  | 'space'
  | 'lock'

export interface SimDiskOptions {
  /** Decides what a power cut keeps and how much of a failing write arrives. */
  readonly seed?: number
  /** Pages that hold data, times 4096, may not exceed this: then ENOSPC. Default: no limit. */
  readonly quotaBytes?: number
  /** Source of modification times. Default: a count that grows by one millisecond per write. */
  readonly now?: () => number
  /**
   * `soon`: an asynchronous sync completes in a microtask. `manual`: when {@link SimDisk.completeSyncs} is called.
   * Default `soon`.
   */
  readonly syncs?: 'soon' | 'manual'
  /** With `manual`: told of every sync that waits for {@link SimDisk.completeSyncs} from now on. */
  readonly onSyncAsked?: () => void
}

export interface DiskFault {
  /** Fails the n-th matching call from now on, 1 being the next. */
  readonly nth: number
  /** Error code, e.g. `EIO`. */
  readonly code: string
  /** Only calls of these operations count. Default: all but `close`. */
  readonly operations?: readonly DiskOperation[]
  /** Only calls on a path that this matches count. */
  readonly path?: RegExp
  /** Every later matching call fails as well. */
  readonly forever?: boolean
  /** Called in the moment in which it fails. */
  readonly hit?: () => void
}

/**
 * - `process`: kill -9; the page cache survives, open files and locks do not.
 * - `power`: of what was not synced each page is kept, lost or torn, and names not synced are kept up to some point.
 * - `power-worst`: everything not synced is lost.
 */
export type CrashKind = 'process' | 'power' | 'power-worst'

/** A change of names that a power cut can undo until its folder is synced. */
interface NameChange {
  readonly folders: readonly string[]
  readonly set: readonly (readonly [path: string, content: SimContent | undefined])[]
}

interface PendingSync {
  readonly path: string
  readonly run: () => void
}

/**
 * Disk in memory with sparse files, for tests and simulated clusters. Folders themselves are durable at once (the
 * one simplification); files, their sizes, names, renames and removals are durable only after the right sync.
 */
export class SimDisk implements Disk {
  quotaBytes: number
  readOnly = false
  /** Counts every call that may fail, so that a test can first count a run's calls and then fail each of them. */
  callCount = 0
  #random: SeededRandom
  #now: () => number
  #names = new Map<string, SimContent>()
  #durableNames = new Map<string, SimContent>()
  #folders = new Set<string>(['/'])
  #changes: NameChange[] = []
  #locked = new Set<string>()
  #open = new Set<SimFile>()
  #syncs: PendingSync[] = []
  #manualSyncs: boolean
  readonly #onSyncAsked: (() => void) | undefined
  #heldSyncs: RegExp | undefined
  #faults: { fault: DiskFault; left: number }[] = []
  #ticks = 0

  constructor(options: SimDiskOptions = {}) {
    this.quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY
    this.#random = new SeededRandom(options.seed ?? 1)
    this.#now = options.now ?? (() => ++this.#ticks)
    this.#manualSyncs = options.syncs === 'manual'
    this.#onSyncAsked = options.onSyncAsked
  }

  get openFileCount(): number {
    return this.#open.size
  }

  get usedBytes(): number {
    let pages = 0
    for (const content of this.#names.values()) pages += content.pageCount
    return pages * PAGE_BYTES
  }

  fail(fault: DiskFault): void {
    this.#faults.push({ fault, left: fault.nth })
  }

  clearFaults(): void {
    this.#faults = []
  }

  /** Syncs of paths that this matches do not end with {@link completeSyncs} any more. */
  holdSyncs(path: RegExp): void {
    this.#heldSyncs = path
  }

  /** Completes the asynchronous syncs asked for so far; returns how many there were. */
  completeSyncs(): number {
    const isHeld = ({ path }: PendingSync) => this.#heldSyncs?.test(path) === true
    const syncs = this.#syncs.filter((sync) => !isHeld(sync))
    this.#syncs = this.#syncs.filter(isHeld)
    for (const sync of syncs) sync.run()
    return syncs.length
  }

  setModified(path: string, modifiedMs: number): void {
    this.#content(path, 'utimes').modifiedMs = modifiedMs
  }

  /** Whoever used the disk is gone: its open files and locks are void and its pending syncs never report. */
  crash(kind: CrashKind): void {
    this.#syncs = []
    this.#heldSyncs = undefined
    this.#faults = []
    for (const file of this.#open) file.void()
    this.#open.clear()
    this.#locked.clear()
    if (kind === 'process') return
    const worst = kind === 'power-worst'
    const kept = worst ? 0 : this.#random.below(this.#changes.length + 1)
    for (const change of this.#changes.splice(0).slice(0, kept)) applyNames(this.#durableNames, change)
    this.#names = new Map(this.#durableNames)
    // A folder that was renamed is where its files are again.
    for (const name of this.#names.keys()) this.#addFolder(dirname(name))
    for (const content of new Set(this.#names.values())) content.loseUnsynced(this.#random, worst)
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.#enter('open', path)
    let content = this.#names.get(path)
    if (!content && mode === 'read') throw diskError('ENOENT', 'open', path)
    if (this.#folders.has(path)) throw diskError('EISDIR', 'open', path)
    if (!content) {
      this.#refuseReadOnly('open', path)
      content = this.#create(path)
    } else if (mode !== 'read') {
      this.#refuseReadOnly('open', path)
    }
    const file = new SimFile(this, path, content, mode !== 'read')
    this.#open.add(file)
    return file
  }

  stat(path: string): FileStat | undefined {
    this.#enter('stat', path)
    const content = this.#names.get(path)
    if (content) return { sizeBytes: content.sizeBytes, modifiedMs: content.modifiedMs, isDirectory: false }
    return this.#folders.has(path) ? { sizeBytes: PAGE_BYTES, modifiedMs: 0, isDirectory: true } : undefined
  }

  list(folder: string): string[] {
    this.#enter('list', folder)
    const prefix = folder.endsWith('/') ? folder : `${folder}/`
    const names = new Set<string>()
    for (const paths of [this.#names.keys(), this.#folders]) {
      for (const path of paths) if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/', 1)[0]!)
    }
    names.delete('')
    return [...names].sort()
  }

  makeFolder(folder: string): void {
    this.#enter('makeFolder', folder)
    this.#refuseReadOnly('mkdir', folder)
    this.#addFolder(folder)
  }

  remove(path: string): void {
    this.#enter('remove', path)
    this.#refuseReadOnly('rm', path)
    const gone = [...this.#names.keys()].filter((name) => name === path || name.startsWith(`${path}/`))
    for (const name of gone) this.#changeNames({ folders: [dirname(name)], set: [[name, undefined]] })
    for (const folder of [...this.#folders]) {
      if (folder === path || folder.startsWith(`${path}/`)) this.#folders.delete(folder)
    }
  }

  rename(from: string, to: string): void {
    this.#enter('rename', from)
    this.#refuseReadOnly('rename', from)
    const content = this.#names.get(from)
    if (content) {
      this.#addFolder(dirname(to))
      const folders = dirname(from) === dirname(to) ? [dirname(to)] : [dirname(from), dirname(to)]
      this.#changeNames({
        folders,
        set: [
          [from, undefined],
          [to, content],
        ],
      })
      return
    }
    if (!this.#folders.has(from)) throw diskError('ENOENT', 'rename', from)
    for (const folder of [...this.#folders]) {
      if (folder !== from && !folder.startsWith(`${from}/`)) continue
      this.#folders.delete(folder)
      this.#addFolder(to + folder.slice(from.length))
    }
    for (const [name, inside] of [...this.#names]) {
      if (!name.startsWith(`${from}/`)) continue
      const moved = to + name.slice(from.length)
      this.#changeNames({
        folders: [dirname(from)],
        set: [
          [name, undefined],
          [moved, inside],
        ],
      })
    }
  }

  readFile(path: string): Buffer {
    this.#enter('readFile', path)
    const content = this.#content(path, 'open')
    const bytes = Buffer.alloc(content.sizeBytes)
    content.read(bytes, 0, bytes.length, 0)
    return bytes
  }

  writeFile(path: string, bytes: Uint8Array): void {
    this.#enter('writeFile', path)
    this.#refuseReadOnly('open', path)
    const content = this.#names.get(path) ?? this.#create(path)
    content.truncate(0)
    this.put(content, path, bytes, 0, bytes.length, 0)
  }

  syncFolder(folder: string): void {
    this.#enter('syncFolder', folder)
    if (!this.#folders.has(folder)) throw diskError('ENOENT', 'open', folder)
    const later: NameChange[] = []
    for (const change of this.#changes) {
      if (change.folders.includes(folder)) applyNames(this.#durableNames, change)
      else later.push(change)
    }
    this.#changes = later
  }

  /** Takes effect when it completes; a name changed meanwhile may be covered as well. */
  syncFolderLater(folder: string, done: (error: Error | null) => void): void {
    this.later(folder, () => {
      let failure: Error | null = null
      try {
        this.syncFolder(folder)
      } catch (error) {
        failure = error as Error
      }
      done(failure)
    })
  }

  space(path: string): DiskSpace {
    this.#enter('space', path)
    const totalBytes = Number.isFinite(this.quotaBytes) ? this.quotaBytes : 2 ** 50
    return { totalBytes, freeBytes: Math.max(0, totalBytes - this.usedBytes) }
  }

  lock(path: string): DiskLock | undefined {
    this.#enter('lock', path)
    if (this.#locked.has(path)) return undefined
    if (!this.#names.has(path)) {
      this.#refuseReadOnly('open', path)
      this.#create(path)
    }
    this.#locked.add(path)
    return { release: () => this.#locked.delete(path) }
  }

  /** For {@link SimFile}: the check before every call on an open file. */
  enterFile(operation: DiskOperation, path: string): void {
    this.#enter(operation, path)
  }

  forget(file: SimFile): void {
    this.#open.delete(file)
  }

  refuseReadOnly(call: string, path: string): void {
    this.#refuseReadOnly(call, path)
  }

  touch(content: SimContent): void {
    content.modifiedMs = this.#now()
  }

  /** A failing write may leave a first part behind, as a real one does. */
  put(content: SimContent, path: string, from: Uint8Array, offset: number, length: number, position: number): void {
    const fits = this.#fitting(content, length, position)
    content.write(from, offset, fits, position)
    this.touch(content)
    if (fits < length) throw diskError('ENOSPC', 'write', path)
  }

  partOf(length: number): number {
    return this.#random.below(length + 1)
  }

  later(path: string, run: () => void): void {
    const sync = { path, run }
    if (this.#manualSyncs) {
      this.#syncs.push(sync)
      this.#onSyncAsked?.()
      return
    }
    this.#syncs.push(sync)
    queueMicrotask(() => {
      const index = this.#syncs.indexOf(sync)
      if (index < 0) return
      this.#syncs.splice(index, 1)
      run()
    })
  }

  #fitting(content: SimContent, length: number, position: number): number {
    if (!Number.isFinite(this.quotaBytes)) return length
    let free = Math.floor((this.quotaBytes - this.usedBytes) / PAGE_BYTES)
    const lastPage = Math.floor((position + Math.max(length, 1) - 1) / PAGE_BYTES)
    for (let page = Math.floor(position / PAGE_BYTES); page <= lastPage; page++) {
      if (!content.hasPage(page) && --free < 0) return Math.max(0, page * PAGE_BYTES - position)
    }
    return length
  }

  #content(path: string, call: string): SimContent {
    const content = this.#names.get(path)
    if (!content) throw diskError('ENOENT', call, path)
    return content
  }

  #create(path: string): SimContent {
    const content = new SimContent(this.#now())
    this.#addFolder(dirname(path))
    this.#changeNames({ folders: [dirname(path)], set: [[path, content]] })
    return content
  }

  #changeNames(change: NameChange): void {
    applyNames(this.#names, change)
    this.#changes.push(change)
  }

  #addFolder(folder: string): void {
    for (let at = folder; !this.#folders.has(at); at = dirname(at)) {
      if (this.#names.has(at)) throw diskError('ENOTDIR', 'mkdir', at)
      this.#folders.add(at)
    }
  }

  #refuseReadOnly(call: string, path: string): void {
    if (this.readOnly) throw diskError('EROFS', call, path)
  }

  #enter(operation: DiskOperation, path: string): void {
    if (operation !== 'close') this.callCount++
    for (const entry of this.#faults) {
      const { fault } = entry
      const counts = fault.operations ? fault.operations.includes(operation) : operation !== 'close'
      if (!counts || (fault.path && !fault.path.test(path))) continue
      entry.left--
      if (entry.left !== 0 && !(entry.left < 0 && fault.forever)) continue
      fault.hit?.()
      throw diskError(fault.code, operation, path)
    }
  }
}

class SimFile implements DiskFile {
  readonly path: string
  #disk: SimDisk
  #content: SimContent
  #writable: boolean
  #closed = false

  constructor(disk: SimDisk, path: string, content: SimContent, writable: boolean) {
    this.path = path
    this.#disk = disk
    this.#content = content
    this.#writable = writable
  }

  sizeBytes(): number {
    this.#enter('size')
    return this.#content.sizeBytes
  }

  read(into: Uint8Array, intoOffset: number, length: number, position: number): number {
    this.#enter('read')
    return this.#content.read(into, intoOffset, length, position)
  }

  write(from: Uint8Array, fromOffset: number, length: number, position: number): void {
    this.#mayWrite('write')
    try {
      this.#enter('write')
    } catch (error) {
      if (!this.#closed) {
        this.#content.write(from, fromOffset, this.#disk.partOf(length), position)
        this.#disk.touch(this.#content)
      }
      throw error
    }
    this.#disk.put(this.#content, this.path, from, fromOffset, length, position)
  }

  truncate(sizeBytes: number): void {
    this.#mayWrite('ftruncate')
    this.#enter('truncate')
    this.#content.truncate(sizeBytes)
    this.#disk.touch(this.#content)
  }

  syncDataNow(): void {
    this.#enter('sync')
    this.#content.syncedTo(this.#content.syncPoint())
  }

  syncData(done: (error: Error | null) => void): void {
    let failure: Error | null = null
    const wasClosed = this.#closed
    try {
      this.#enter('sync')
    } catch (error) {
      failure = error as Error
    }
    // Whoever asked has died of it.
    if (this.#closed && !wasClosed) return
    const point = this.#content.syncPoint()
    this.#disk.later(this.path, () => {
      if (!failure) this.#content.syncedTo(point)
      done(failure)
    })
  }

  close(): void {
    this.#enter('close')
    this.#closed = true
    this.#disk.forget(this)
  }

  void(): void {
    this.#closed = true
  }

  #mayWrite(call: string): void {
    if (!this.#writable) throw diskError('EBADF', call, this.path)
    this.#disk.refuseReadOnly(call, this.path)
  }

  #enter(operation: DiskOperation): void {
    if (this.#closed) throw diskError('EBADF', operation, this.path)
    this.#disk.enterFile(operation, this.path)
  }
}

function applyNames(names: Map<string, SimContent>, change: NameChange): void {
  for (const [path, content] of change.set) {
    if (content) names.set(path, content)
    else names.delete(path)
  }
}

function diskError(code: string, call: string, path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${code}: simulated, ${call} '${path}'`)
  error.code = code
  error.syscall = call
  error.path = path
  return error
}
