import type { IndexFile } from './index-file.ts'

/** Follows the chain of a hash in one file; returns the steps that are left. */
export function collect(
  file: IndexFile,
  hash: number,
  count: number,
  beginMs: number,
  endMs: number,
  stepsMax: number,
  phyOffsets: number[],
): number {
  let steps = stepsMax
  let number = file.lastOf(hash)
  while (number > 0 && phyOffsets.length < count && steps > 0) {
    steps--
    const entry = file.entry(number)
    if (entry.seconds < 0) break
    const timeMs = file.header.beginTimestamp + entry.seconds * 1000
    if (entry.hash === hash && timeMs >= beginMs && timeMs <= endMs) phyOffsets.push(entry.phyOffset)
    if (entry.previous >= number || timeMs < beginMs) break
    number = entry.previous
  }
  return steps
}
