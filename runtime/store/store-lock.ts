import type { Disk, DiskLock } from '../io/disk.ts'

const TEXT = Buffer.from('lock')

/** Takes the folder for this process, as Java does: a lock on byte 0 of `lock`. Throws if another holds it. */
export function lockStore(disk: Disk, storePathRootDir: string): DiskLock {
  const path = `${storePathRootDir}/lock`
  const lock = tryLock(disk, path, storePathRootDir)
  if (lock !== undefined) return lock
  throw new Error(
    `store folder ${storePathRootDir} is in use: another broker holds the lock on ${path}. Stop it, or give this broker ` +
      'its own storePathRootDir',
  )
}

function tryLock(disk: Disk, path: string, storePathRootDir: string): DiskLock | undefined {
  try {
    // Written before it is locked: closing any descriptor of a file may give up a lock the process holds on it.
    if (disk.stat(path)?.sizeBytes !== TEXT.length) disk.writeFile(path, TEXT)
    return disk.lock(path)
  } catch (error) {
    throw new Error(
      `store folder ${storePathRootDir} cannot be used: ${(error as Error).message}. Set storePathRootDir to a folder ` +
        'that this process may write to',
      { cause: error },
    )
  }
}
