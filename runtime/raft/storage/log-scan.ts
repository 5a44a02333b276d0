import type { Disk } from '../../io/disk.ts'
import { decodeRecord, type LogRecord, RECORD_ALIGN_BYTES } from './log-record.ts'

/** Bytes that are no records although records should stand there. */
export interface Hole {
  /** In the whole log. */
  readonly position: number
  readonly file: string
  readonly byte: number
  readonly reason: string
  /** Only zeros: nothing was ever written there. */
  readonly isBlank: boolean
}

export interface LogScan {
  /** In order; holes lie between them. */
  readonly records: readonly LogRecord[]
  readonly holes: readonly Hole[]
  /** Where the bytes end. */
  readonly end: number
}

const NAME = /^\d{20}$/

/** Segments are named for the position of their first byte, as files of the commit log are. */
export function segmentName(position: number): string {
  return String(position).padStart(20, '0')
}

/** Positions at which segments begin, ascending. */
export function segmentStarts(disk: Disk, folder: string): number[] {
  return disk
    .list(folder)
    .filter((name) => NAME.test(name))
    .map(Number)
}

/** Reads all segments. What is no record is stepped over until the next one. */
export function scanLog(disk: Disk, folder: string): LogScan {
  const records: LogRecord[] = []
  const holes: Hole[] = []
  const starts = segmentStarts(disk, folder)
  let end = starts[0] ?? 0
  for (const [i, start] of starts.entries()) {
    const path = `${folder}/${segmentName(start)}`
    if (start > end) {
      const missing = `${folder}/${segmentName(end)}`
      holes.push({ position: end, file: missing, byte: 0, reason: 'the file is missing or cut off', isBlank: false })
    }
    const all = disk.readFile(path)
    const bytes = all.subarray(0, Math.min(all.length, (starts[i + 1] ?? Number.MAX_SAFE_INTEGER) - start))
    scanSegment(bytes, start, path, records, holes)
    end = start + bytes.length
  }
  return { records, holes, end }
}

function scanSegment(bytes: Buffer, start: number, file: string, records: LogRecord[], holes: Hole[]): void {
  for (let at = 0; at < bytes.length; ) {
    const found = decodeRecord(bytes, at, start + at)
    if (typeof found !== 'string') {
      records.push(found)
      at += found.sizeBytes
      continue
    }
    const next = nextRecord(bytes, start, at + RECORD_ALIGN_BYTES)
    const isBlank = bytes.subarray(at, next).every((byte) => byte === 0)
    holes.push({ position: start + at, file, byte: at, reason: found, isBlank })
    at = next
  }
}

/** A record says where it belongs, so nothing else is taken for one. */
function nextRecord(bytes: Buffer, start: number, from: number): number {
  for (let at = from; at < bytes.length; at += RECORD_ALIGN_BYTES) {
    if (typeof decodeRecord(bytes, at, start + at) !== 'string') return at
  }
  return bytes.length
}
