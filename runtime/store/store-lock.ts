import type { Disk, DiskLock } from '../io/disk.ts'

const TEXT = Buffer.from('lock')

/** Takes the folder for this process, as Java does: a lock on byte 0 of `lock`. Throws if another holds it. */
export function lockStore(disk: Disk, storePathRootDir: string): DiskLock {
  const path = `${storePathRootDir}/lock`
  // Written before it is locked: closing any descriptor of a file may give up a lock the process holds on it.
  if (disk.stat(path)?.sizeBytes !== TEXT.length) disk.writeFile(path, TEXT)
  const lock = disk.lock(path)
  if (lock !== undefined) return lock
  throw new Error(
    `store folder ${storePathRootDir} is in use: another broker holds the lock on ${path}. Stop it, or give this broker ` +
      'its own storePathRootDir',
  )
}
