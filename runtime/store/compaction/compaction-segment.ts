/** A file of a compaction log with the queue file of the same name, and what is in them. */
export interface CompactionSegment {
  /** Position at which it begins: its name. */
  readonly start: number
  unitCount: number
  /** Of its messages; -1 without any. */
  firstOffset: number
  lastOffset: number
  /** Bytes of records. */
  logLength: number
  /** No message is appended any more: the end of both files is marked, or they are full. */
  isClosed: boolean
}

export function emptySegment(start: number): CompactionSegment {
  return { start, unitCount: 0, firstOffset: -1, lastOffset: -1, logLength: 0, isClosed: false }
}

export function segmentFileName(start: number): string {
  return String(start).padStart(20, '0')
}
