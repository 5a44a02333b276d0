export interface FileStat {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly isDirectory: boolean
}

export interface DiskSpace {
  readonly totalBytes: number
  /** What this process may still use. */
  readonly freeBytes: number
}

/** An exclusive lock on a file, given up by `release` or by the death of the process. */
export interface DiskLock {
  release(): void
}

/**
 * An open file with positional access. Reads and writes are synchronous: a batch of 64 KiB costs 7-15 us in the page
 * cache, an awaited one more than that. Only `syncData` waits for the device and has a form that runs in the thread pool.
 *
 * Every method throws the operating system's error (with `code`, e.g. ENOSPC) when it fails.
 */
export interface DiskFile {
  readonly path: string
  sizeBytes(): number
  /** Reads up to `length` bytes at `position`; returns how many were there (less only at the end of the file). */
  read(into: Uint8Array, intoOffset: number, length: number, position: number): number
  /** Writes all `length` bytes at `position`. */
  write(from: Uint8Array, fromOffset: number, length: number, position: number): void
  /** Sets the size; new bytes read as zero and take no room until written. */
  truncate(sizeBytes: number): void
  /** fdatasync, waiting for it. For small control files only: it stops the event loop for 0.5-5 ms. */
  syncDataNow(): void
  /** fdatasync in the thread pool; what had been written before the call is durable when `done(null)` runs. */
  syncData(done: (error: Error | null) => void): void
  close(): void
}

/**
 * `read`: must exist, read only. `write`: created if missing, read and write, content kept. `private`: the same, and nobody
 * but the owner may read the file.
 */
export type OpenMode = 'read' | 'write' | 'private'

/** Files and folders. Paths are absolute. */
export interface Disk {
  open(path: string, mode: OpenMode): DiskFile
  stat(path: string): FileStat | undefined
  /** Names in a folder, sorted; empty if the folder does not exist. */
  list(folder: string): string[]
  makeFolder(folder: string): void
  /** Removes a file or a folder with all it holds; nothing happens if it is absent. */
  remove(path: string): void
  rename(from: string, to: string): void
  readFile(path: string): Buffer
  /** Plain write of a whole file: a crash may leave it half-written. For state use {@link ./atomic-file.ts}. */
  writeFile(path: string, content: Uint8Array): void
  /** Makes renames, creations and removals in a folder survive a power cut. */
  syncFolder(folder: string): void
  /** The same in the thread pool. */
  syncFolderLater(folder: string, done: (error: Error | null) => void): void
  space(path: string): DiskSpace
  /** Locks byte 0 of the file (created if missing); undefined when another process, also a Java broker, holds it. */
  lock(path: string): DiskLock | undefined
}
