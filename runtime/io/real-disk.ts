import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type { Disk, DiskFile, DiskLock, DiskSpace, FileStat, OpenMode } from './disk.ts'

/**
 * Larger writes go to the system in pieces that end at multiples of this. For one large write Linux (6.18, ext4) takes page
 * cache in blocks as large as the write, and finding those cost 0.7 to 2.7 s of CPU per GiB; with 64 KiB it is 0.3 s.
 */
const WRITE_PIECE_BYTES = 64 * 1024

/** File systems limit one write to 2 GiB; larger requests are refused by Node, so none is made. */
class RealFile implements DiskFile {
  readonly path: string
  readonly #fd: number

  constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
  }

  sizeBytes(): number {
    return fs.fstatSync(this.#fd).size
  }

  read(into: Uint8Array, intoOffset: number, length: number, position: number): number {
    let done = 0
    while (done < length) {
      const count = fs.readSync(this.#fd, into, intoOffset + done, length - done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  write(from: Uint8Array, fromOffset: number, length: number, position: number): void {
    let done = 0
    while (done < length) {
      const pieceMax = WRITE_PIECE_BYTES - ((position + done) % WRITE_PIECE_BYTES)
      done += fs.writeSync(this.#fd, from, fromOffset + done, Math.min(pieceMax, length - done), position + done)
    }
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.#fd, sizeBytes)
  }

  syncDataNow(): void {
    fs.fdatasyncSync(this.#fd)
  }

  syncData(done: (error: Error | null) => void): void {
    fs.fdatasync(this.#fd, done)
  }

  close(): void {
    fs.closeSync(this.#fd)
  }
}

/** The machine's file systems. */
export class RealDisk implements Disk {
  open(path: string, mode: OpenMode): DiskFile {
    if (mode === 'read') return new RealFile(path, fs.openSync(path, fs.constants.O_RDONLY))
    if (mode === 'write') return new RealFile(path, openForWriting(path))
    const fd = openForWriting(path, PRIVATE)
    // One that was there, readable for others, is not any more.
    fs.fchmodSync(fd, PRIVATE)
    return new RealFile(path, fd)
  }

  stat(path: string): FileStat | undefined {
    const stat = fs.statSync(path, { throwIfNoEntry: false })
    return stat && { sizeBytes: stat.size, modifiedMs: Math.trunc(stat.mtimeMs), isDirectory: stat.isDirectory() }
  }

  list(folder: string): string[] {
    try {
      return fs.readdirSync(folder).sort()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  makeFolder(folder: string): void {
    makeFolder(folder)
  }

  remove(path: string): void {
    fs.rmSync(path, { recursive: true, force: true })
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to)
  }

  readFile(path: string): Buffer {
    return fs.readFileSync(path)
  }

  writeFile(path: string, content: Uint8Array): void {
    makeFolder(dirname(path))
    fs.writeFileSync(path, content)
  }

  syncFolder(folder: string): void {
    const fd = fs.openSync(folder, fs.constants.O_RDONLY)
    try {
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  }

  syncFolderLater(folder: string, done: (error: Error | null) => void): void {
    fs.open(folder, fs.constants.O_RDONLY, (openError, fd) => {
      if (openError) {
        done(openError)
        return
      }
      fs.fsync(fd, (syncError) => {
        fs.close(fd, (closeError) => done(syncError ?? closeError ?? null))
      })
    })
  }

  space(path: string): DiskSpace {
    const found = fs.statfsSync(existingAncestor(path))
    return { totalBytes: found.blocks * found.bsize, freeBytes: found.bavail * found.bsize }
  }

  lock(path: string): DiskLock | undefined {
    const fd = openForWriting(path)
    // fcntl lock of byte 0, the very lock that Java's FileChannel.tryLock(0, 1, false) takes.
    if (lockAddon().tryLock(fd, 0, 1)) return { release: () => fs.closeSync(fd) }
    fs.closeSync(fd)
    return undefined
  }
}

interface LockAddon {
  tryLock(fd: number, offset: number, length: number): boolean
}

let addon: LockAddon | undefined

/** Loaded on first use: tools that never lock a store do not pay for it. */
function lockAddon(): LockAddon {
  addon ??= createRequire(import.meta.url)('fs-native-extensions') as LockAddon
  return addon
}

const PRIVATE = 0o600

/** Makes the folder only when it turns out to be missing: nearly always it is there. */
function openForWriting(path: string, permissions = 0o644): number {
  const flags = fs.constants.O_RDWR | fs.constants.O_CREAT
  try {
    return fs.openSync(path, flags, permissions)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  makeFolder(dirname(path))
  return fs.openSync(path, flags, permissions)
}

/** Step by step: mkdir with `recursive` never returns where a folder that is there takes no new ones, as in /proc. */
function makeFolder(folder: string): void {
  const missing: string[] = []
  for (let at = resolve(folder); !fs.existsSync(at); at = dirname(at)) missing.push(at)
  for (const one of missing.reverse()) {
    try {
      fs.mkdirSync(one)
    } catch (error) {
      // Somebody else made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  if (!fs.statSync(folder).isDirectory()) throw new Error(`${folder} is a file where a folder should be`)
}

function existingAncestor(path: string): string {
  let at = path
  while (!fs.existsSync(at) && dirname(at) !== at) at = dirname(at)
  return fs.existsSync(at) ? at : join(at, '/')
}
