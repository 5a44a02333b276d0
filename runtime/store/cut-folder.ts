import { dirname } from 'node:path'
import type { Disk } from '../io/disk.ts'
import type { SegmentFiles } from './commit-log/segment-files.ts'
import { segmentName } from './commit-log/segment-files.ts'
import type { StoreConfig, StoreReporter } from './store-options.ts'

const COPY_BYTES = 1024 * 1024
/** Of what is taken back at a change of masters at most so much is kept, so often. */
const TAKEN_BACK_BYTES_MAX = 64 * 1024 * 1024
const TAKEN_BACK_FILES_MAX = 16
const TAKEN_BACK = '.taken-back'

/** Where what is cut off the log is kept: nothing of it is needed, but somebody may miss it. */
export function cutFolder({ storePathCommitLog }: Pick<StoreConfig, 'storePathCommitLog'>): string {
  return `${dirname(storePathCommitLog)}/cut`
}

/** A later cut at the same offset must not overwrite an earlier one. */
export function freePath(disk: Disk, path: string): string {
  let free = path
  for (let n = 2; disk.stat(free) !== undefined; n++) free = `${path}.${n}`
  return free
}

/** Copies a stretch of the log, durably. */
export function copyStretch(disk: Disk, files: SegmentFiles, from: number, to: number, path: string): void {
  disk.makeFolder(dirname(path))
  const bytes = new Uint8Array(COPY_BYTES)
  const copy = disk.open(path, 'write')
  try {
    for (let at = from; at < to; ) {
      const length = files.read(bytes, 0, Math.min(COPY_BYTES, to - at), at)
      if (length === 0) throw new Error(`the commit log has no bytes at offset ${at}`)
      copy.write(bytes, 0, length, at - from)
      at += length
    }
    copy.syncDataNow()
  } finally {
    copy.close()
  }
  disk.syncFolder(dirname(path))
}

/**
 * Keeps messages that a change of masters takes back: an operator may want to see what was lost. Never stands in the way of
 * the change.
 */
export function keepTakenBack(
  disk: Disk,
  files: SegmentFiles,
  from: number,
  to: number,
  folder: string,
  reporter: StoreReporter,
): void {
  const kept = Math.min(to - from, TAKEN_BACK_BYTES_MAX)
  const path = freePath(disk, `${folder}/${segmentName(from)}${TAKEN_BACK}`)
  try {
    copyStretch(disk, files, from, from + kept, path)
    const part = kept < to - from ? ` the first ${kept} bytes of` : ''
    reporter.warn(
      `${to - from} bytes of the commit log from offset ${from} on are taken back;${part} a copy is ${path}`,
    )
    forgetOldest(disk, folder)
  } catch (error) {
    reporter.error(
      `no copy of ${to - from} bytes of the commit log from offset ${from} on, which are taken back`,
      error,
    )
  }
}

function forgetOldest(disk: Disk, folder: string): void {
  const paths = disk
    .list(folder)
    .filter((name) => name.includes(TAKEN_BACK))
    .map((name) => `${folder}/${name}`)
  const byAge = paths.sort((a, b) => (disk.stat(a)?.modifiedMs ?? 0) - (disk.stat(b)?.modifiedMs ?? 0))
  for (const path of byAge.slice(0, -TAKEN_BACK_FILES_MAX)) disk.remove(path)
}
