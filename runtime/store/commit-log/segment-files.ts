import type { Disk, DiskFile } from '../../io/disk.ts'

/** Open files kept; an older one is closed when another is needed. */
const OPEN_FILES_MAX = 64

/** Total size and magic code, with which every record and blank begins. */
const RECORD_HEAD_BYTES = 8

const NAME = /^\d{20}$/

/** What kind of log the files are, for the messages about them. */
export interface LogKind {
  readonly name: string
  /** The setting that says how long a file is. */
  readonly key: string
}

const COMMIT_LOG: LogKind = { name: 'commit log', key: 'mappedFileSizeCommitLog' }

/**
 * The files of a log. Each is named by the offset of its first byte in 20 digits, and is as long as
 * its setting (`mappedFileSizeCommitLog`) says from the start, sparse: what is not yet written reads as zeros.
 */
export class SegmentFiles {
  readonly folder: string
  readonly segmentSizeBytes: number
  readonly #disk: Disk
  readonly #kind: LogKind
  /** Ascending, without holes. */
  readonly #starts: number[] = []
  /** Open files by start offset, least recently used first. */
  readonly #open = new Map<number, DiskFile>()
  readonly #pinned = new Set<number>()
  #isClosed = false

  /** Reads what is there. Throws, naming file and remedy, for files that do not form a log. */
  constructor(disk: Disk, folder: string, segmentSizeBytes: number, kind = COMMIT_LOG) {
    this.#disk = disk
    this.#kind = kind
    this.folder = folder
    this.segmentSizeBytes = segmentSizeBytes
    for (const name of disk.list(folder)) if (NAME.test(name)) this.#starts.push(Number(name))
    this.#checkSizes()
    this.#checkHoles()
  }

  #checkSizes(): void {
    for (const [i, start] of [...this.#starts].entries()) {
      const path = this.pathOf(start)
      const sizeBytes = this.#disk.stat(path)?.sizeBytes ?? 0
      if (sizeBytes === this.segmentSizeBytes) continue
      const next = this.#starts[i + 1]
      const isLast = next === undefined
      // One that was being cleared when its process died is short of its end, also when files were made ahead of it. With
      // another mappedFileSizeCommitLog the files' names would not fit.
      const mayBeShort =
        isLast || (next === start + this.segmentSizeBytes && (sizeBytes > 0 || this.#isMadeAhead(next)))
      if (!mayBeShort || sizeBytes > this.segmentSizeBytes) {
        throw new Error(
          `${this.#kind.name} file ${path} is ${sizeBytes} bytes long, but ${this.#kind.key} is ${this.segmentSizeBytes}: ` +
            `set ${this.#kind.key} to what the store was made with`,
        )
      }
      if (sizeBytes === 0 && isLast) {
        // Made, but not yet given its size when the process died.
        this.#disk.remove(path)
        this.#starts.pop()
      } else {
        this.file(start).truncate(this.segmentSizeBytes)
      }
    }
  }

  /** Neither it nor any after it has a record: were there one, the empty file before would have lost what was in the log. */
  #isMadeAhead(start: number): boolean {
    return this.#starts.every((one) => one < start || this.#isBlank(one))
  }

  #isBlank(start: number): boolean {
    const head = new Uint8Array(RECORD_HEAD_BYTES)
    const file = this.#disk.open(this.pathOf(start), 'read')
    try {
      file.read(head, 0, RECORD_HEAD_BYTES, 0)
    } finally {
      file.close()
    }
    return head.every((byte) => byte === 0)
  }

  #checkHoles(): void {
    for (let i = 0; i < this.#starts.length; i++) {
      const start = this.#starts[i]!
      const expected = i === 0 ? start - (start % this.segmentSizeBytes) : this.#starts[i - 1]! + this.segmentSizeBytes
      if (start === expected) continue
      throw new Error(
        `${this.#kind.name} file ${this.pathOf(start)} does not follow the one before it: expected ${segmentName(expected)}. ` +
          'Put the missing file back, or move the files before the hole out of the folder',
      )
    }
  }

  /** Start offsets, ascending. */
  get starts(): readonly number[] {
    return this.#starts
  }

  get totalBytes(): number {
    return this.#starts.length * this.segmentSizeBytes
  }

  startOf(phyOffset: number): number {
    return phyOffset - (phyOffset % this.segmentSizeBytes)
  }

  pathOf(start: number): string {
    return `${this.folder}/${segmentName(start)}`
  }

  has(start: number): boolean {
    const last = this.#starts.at(-1)
    return last !== undefined && start >= this.#starts[0]! && start <= last
  }

  /** Makes the file at `start` unless it is there. It must follow the last one, or be the first of all. */
  create(start: number): void {
    if (this.has(start)) return
    const file = this.#disk.open(this.pathOf(start), 'write')
    try {
      // One that could not be deleted earlier may still be there: its records must not follow ours.
      file.truncate(0)
      file.truncate(this.segmentSizeBytes)
      // A file that lost its size in a power cut while a later one kept its own would end the log there.
      file.syncDataNow()
      this.#disk.syncFolder(this.folder)
    } catch (error) {
      file.close()
      this.#disk.remove(this.pathOf(start))
      throw error
    }
    this.#starts.push(start)
    this.#keepOpen(start, file)
  }

  /** The open file of the segment at `start`. Valid until the next call for another segment, unless pinned. */
  file(start: number): DiskFile {
    const open = this.#open.get(start)
    if (open !== undefined) {
      this.#open.delete(start)
      this.#open.set(start, open)
      return open
    }
    const file = this.#disk.open(this.pathOf(start), 'write')
    this.#keepOpen(start, file)
    return file
  }

  #keepOpen(start: number, file: DiskFile): void {
    this.#open.set(start, file)
    if (this.#open.size <= OPEN_FILES_MAX) return
    for (const [other, open] of this.#open) {
      if (this.#pinned.has(other) || other === start) continue
      this.#open.delete(other)
      open.close()
      return
    }
  }

  /** The open file, which is not closed before {@link unpin}: the thread pool works on it. */
  pin(start: number): DiskFile {
    this.#pinned.add(start)
    return this.file(start)
  }

  unpin(start: number, file: DiskFile): void {
    this.#pinned.delete(start)
    // Removed meanwhile, and perhaps made anew.
    if (this.#open.get(start) !== file) file.close()
    else if (this.#isClosed || !this.has(start)) this.#close(start)
  }

  /** Reads up to `length` bytes from `phyOffset`, at most to the end of its file. Returns how many. */
  read(into: Uint8Array, intoOffset: number, length: number, phyOffset: number): number {
    const start = this.startOf(phyOffset)
    if (!this.has(start)) return 0
    const within = Math.min(length, start + this.segmentSizeBytes - phyOffset)
    return this.file(start).read(into, intoOffset, within, phyOffset - start)
  }

  /** Writes bytes that lie in one file. */
  write(from: Uint8Array, fromOffset: number, length: number, phyOffset: number): void {
    const start = this.startOf(phyOffset)
    this.file(start).write(from, fromOffset, length, phyOffset - start)
  }

  /**
   * Makes everything from `phyOffset` to the end of its file read as zeros, durably: were old bytes to come back in a power
   * cut, they would stand amidst and behind what is written here next, and could pass for it.
   */
  clearFrom(phyOffset: number): void {
    const start = this.startOf(phyOffset)
    if (!this.has(start)) return
    const file = this.file(start)
    file.truncate(phyOffset - start)
    file.truncate(this.segmentSizeBytes)
    file.syncDataNow()
  }

  /** Forgets the first file and deletes it. */
  removeFirst(): void {
    this.#discard(this.#starts.shift(), (path) => this.#disk.remove(path))
  }

  /** Forgets the last file and deletes it, or moves it to `movedTo`. */
  removeLast(movedTo?: string): void {
    this.#discard(this.#starts.at(-1), (path) => {
      if (movedTo === undefined) this.#disk.remove(path)
      else this.#disk.rename(path, movedTo)
    })
    this.#starts.pop()
  }

  /** Files that were made or removed stay so. */
  syncFolder(): void {
    this.#disk.syncFolder(this.folder)
  }

  #discard(start: number | undefined, discard: (path: string) => void): void {
    if (start === undefined) return
    if (!this.#pinned.has(start)) this.#close(start)
    discard(this.pathOf(start))
  }

  /** When the file was last written, in ms. */
  modifiedMs(start: number): number {
    return this.#disk.stat(this.pathOf(start))?.modifiedMs ?? 0
  }

  #close(start: number): void {
    this.#open.get(start)?.close()
    this.#open.delete(start)
  }

  /** Closes all files; a pinned one when it is unpinned. */
  close(): void {
    this.#isClosed = true
    for (const start of [...this.#open.keys()]) if (!this.#pinned.has(start)) this.#close(start)
  }
}

export function segmentName(start: number): string {
  return String(start).padStart(20, '0')
}
