import type { Disk } from '../../io/disk.ts'
import { type SegmentFiles, segmentName } from '../commit-log/segment-files.ts'
import { copyStretch, freePath } from '../cut-folder.ts'
import type { StoreReporter } from '../store-options.ts'
import type { ScanEnd } from './log-scanner.ts'

const COPY_BYTES = 1024 * 1024

/**
 * Ends the log where recovery found its end. What lies behind is never thrown away: the rest of the file is copied to
 * `cutFolder`, later files that hold anything are moved there. Throws, with the log untouched, if the copy cannot be made.
 */
export function cutLog(
  disk: Disk,
  files: SegmentFiles,
  end: ScanEnd,
  cutFolder: string,
  reporter: StoreReporter,
): void {
  const kept: string[] = []
  const fileCount = files.starts.length
  if (end.debrisEnd > end.endOffset) kept.push(copyDebris(disk, files, end, cutFolder))
  while ((files.starts.at(-1) ?? 0) > end.endOffset) {
    const start = files.starts.at(-1)!
    if (isUnused(files, start)) {
      files.removeLast()
      continue
    }
    const path = freePath(disk, `${cutFolder}/${segmentName(start)}`)
    disk.makeFolder(cutFolder)
    files.removeLast(path)
    kept.push(path)
  }
  // Were those files to come back in a power cut, a log whose last file is being cleared would have others behind it.
  if (files.starts.length < fileCount) {
    if (disk.stat(cutFolder)) disk.syncFolder(cutFolder)
    disk.syncFolder(files.folder)
  }
  if (end.debrisEnd > end.endOffset) files.clearFrom(end.endOffset)
  if (kept.length === 0) return
  disk.syncFolder(files.folder)
  const where = `kept a copy of what was cut off: ${kept.join(', ')}`
  if (end.kind === 'corrupt') {
    reporter.error(
      `commit log is damaged at offset ${end.endOffset} (${end.reason}), with intact messages behind it from offset ` +
        `${end.nextRecordOffset}; the log now ends at the damage. ${where}. ` +
        'If a replica holds these messages, take its store; otherwise read them from the copy',
    )
  } else {
    reporter.warn(`commit log ended in a write that was cut off, at offset ${end.endOffset} (${end.reason}); ${where}`)
  }
}

function copyDebris(disk: Disk, files: SegmentFiles, end: ScanEnd, folder: string): string {
  disk.makeFolder(folder)
  const path = freePath(disk, `${folder}/${segmentName(end.endOffset)}.part`)
  copyStretch(disk, files, end.endOffset, end.debrisEnd, path)
  return path
}

/** Files are made ahead of their use (Apache RocketMQ makes two): such a one begins with zeros. */
function isUnused(files: SegmentFiles, start: number): boolean {
  const head = new Uint8Array(COPY_BYTES)
  const length = files.read(head, 0, COPY_BYTES, start)
  return head.subarray(0, length).every((byte) => byte === 0)
}
