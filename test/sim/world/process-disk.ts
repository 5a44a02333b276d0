import type { Disk, DiskFile, DiskLock, DiskSpace, FileStat, OpenMode } from '../../../runtime/io/disk.ts'
import type { SimProcess } from './sim-process.ts'

/** A machine's disk as one process sees it: what the process does after its death has no effect. */
export class ProcessDisk implements Disk {
  readonly #disk: Disk
  readonly #process: SimProcess

  constructor(disk: Disk, process: SimProcess) {
    this.#disk = disk
    this.#process = process
  }

  open(path: string, mode: OpenMode): DiskFile {
    return this.#living.open(path, mode)
  }

  stat(path: string): FileStat | undefined {
    return this.#living.stat(path)
  }

  list(folder: string): string[] {
    return this.#living.list(folder)
  }

  makeFolder(folder: string): void {
    this.#living.makeFolder(folder)
  }

  remove(path: string): void {
    this.#living.remove(path)
  }

  rename(from: string, to: string): void {
    this.#living.rename(from, to)
  }

  readFile(path: string): Buffer {
    return this.#living.readFile(path)
  }

  writeFile(path: string, content: Uint8Array): void {
    this.#living.writeFile(path, content)
  }

  syncFolder(folder: string): void {
    this.#living.syncFolder(folder)
  }

  syncFolderLater(folder: string, done: (error: Error | null) => void): void {
    this.#living.syncFolderLater(folder, done)
  }

  space(path: string): DiskSpace {
    return this.#living.space(path)
  }

  lock(path: string): DiskLock | undefined {
    return this.#living.lock(path)
  }

  get #living(): Disk {
    if (this.#process.isDead) throw new Error('this process has ended')
    return this.#disk
  }
}
