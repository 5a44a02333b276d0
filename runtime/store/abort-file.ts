import { dirname } from 'node:path'
import type { Disk } from '../io/disk.ts'

/**
 * The abort file stands while a store is open: found at the start, it says that the last process did not close the store.
 * It is synced, so that a power cut cannot make an unclean stop look like a clean one.
 */
export function makeAbortFile(disk: Disk, path: string, pid: number): void {
  const text = Buffer.from(String(pid))
  const file = disk.open(path, 'write')
  try {
    file.truncate(0)
    file.write(text, 0, text.length, 0)
    file.syncDataNow()
  } finally {
    file.close()
  }
  disk.syncFolder(dirname(path))
}
