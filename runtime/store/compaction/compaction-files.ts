import type { Disk, DiskFile } from '../../io/disk.ts'

/** Files of compaction topics open at a time. */
const OPEN_FILES_MAX = 64

interface OpenFile {
  readonly path: string
  readonly file: DiskFile
  /** Syncs under way; a file that is given up meanwhile is closed when they are done. */
  pins: number
  isGivenUp: boolean
}

/** The files of all compaction topics, by path: some of them open, those used last. */
export class CompactionFiles {
  readonly disk: Disk
  /** In order of use, the latest last. */
  readonly #open = new Map<string, OpenFile>()

  constructor(disk: Disk) {
    this.disk = disk
  }

  /** Opened, and made if need be. Valid until the next call. */
  file(path: string): DiskFile {
    return this.#acquire(path).file
  }

  /** Makes a file of zeros at its full size, whatever is there. */
  create(path: string, sizeBytes: number): void {
    this.zeroFrom(path, 0, sizeBytes)
  }

  /** Everything from `position` on becomes zero, and the file has its full size. */
  zeroFrom(path: string, position: number, sizeBytes: number): void {
    const file = this.file(path)
    file.truncate(position)
    file.truncate(sizeBytes)
  }

  /** fdatasync in the thread pool; the file stays open until then. */
  sync(path: string, done: (error: Error | null) => void): void {
    const entry = this.#acquire(path)
    entry.pins++
    entry.file.syncData((error) => {
      entry.pins--
      if (entry.isGivenUp && entry.pins === 0) entry.file.close()
      done(error)
    })
  }

  /** To be called before a file is renamed or removed. */
  giveUp(path: string): void {
    const entry = this.#open.get(path)
    if (entry !== undefined) this.#close(entry)
  }

  remove(path: string): void {
    this.giveUp(path)
    this.disk.remove(path)
  }

  /** Removes a folder with what it holds. */
  removeFolder(folder: string): void {
    for (const path of [...this.#open.keys()]) if (path.startsWith(`${folder}/`)) this.giveUp(path)
    this.disk.remove(folder)
  }

  rename(from: string, to: string): void {
    this.giveUp(from)
    this.giveUp(to)
    this.disk.rename(from, to)
  }

  closeAll(): void {
    for (const entry of [...this.#open.values()]) this.#close(entry)
  }

  #acquire(path: string): OpenFile {
    const open = this.#open.get(path)
    if (open !== undefined) {
      this.#open.delete(path)
      this.#open.set(path, open)
      return open
    }
    while (this.#open.size >= OPEN_FILES_MAX) this.#close(this.#open.values().next().value!)
    const opened = { path, file: this.disk.open(path, 'write'), pins: 0, isGivenUp: false }
    this.#open.set(path, opened)
    return opened
  }

  #close(entry: OpenFile): void {
    this.#open.delete(entry.path)
    entry.isGivenUp = true
    if (entry.pins === 0) entry.file.close()
  }
}
