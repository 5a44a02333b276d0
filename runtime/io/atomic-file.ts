import { dirname } from 'node:path'
import type { Disk } from './disk.ts'

/**
 * Replaces a small state file so that a power cut leaves either the old or the new content, never a broken one:
 * `path.tmp` is written and synced, the old content is kept as `path.bak`, then `path.tmp` takes its place.
 * The names are those of Apache RocketMQ's `MixAll.string2File`, which writes without syncing (apache/rocketmq#3401).
 */
export function writeFileAtomic(disk: Disk, path: string, content: Uint8Array): void {
  writeSynced(disk, `${path}.tmp`, content)
  if (disk.stat(path)) {
    writeSynced(disk, `${path}.bak.tmp`, disk.readFile(path))
    disk.rename(`${path}.bak.tmp`, `${path}.bak`)
  }
  disk.rename(`${path}.tmp`, path)
  disk.syncFolder(dirname(path))
}

function writeSynced(disk: Disk, path: string, content: Uint8Array): void {
  const file = disk.open(path, 'write')
  try {
    file.truncate(0)
    if (content.length > 0) file.write(content, 0, content.length, 0)
    file.syncDataNow()
  } finally {
    file.close()
  }
}
