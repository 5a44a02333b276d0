import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { StoreReporter } from '../store-options.ts'
import { type CompactionSegment, emptySegment, segmentFileName } from './compaction-segment.ts'
import type { CompactionSegments, SegmentsParts } from './compaction-segments.ts'
import { COMPACTION_UNIT_BYTES } from './compaction-unit.ts'

const FILE_NAME = /^\d{20}$/

/**
 * Finds out what is in the files. After an unclean stop the last of them is read: what belongs to no whole message there is
 * cut off, and copied from the commit log again. Files before it were durable before it was made.
 * Throws, naming file and key, for files of another size.
 */
export function loadSegments(
  segments: CompactionSegments,
  parts: SegmentsParts,
  wasClosed: boolean,
  reporter: StoreReporter,
): void {
  const starts = pairedStarts(segments, parts, reporter)
  for (const [index, start] of starts.entries()) {
    const segment = emptySegment(start)
    const isLast = index === starts.length - 1
    checkSize(parts, segments.logPath(segment), parts.sizes.logBytes, 'compactionMappedFileSize', wasClosed || !isLast)
    const { queueBytes } = parts.sizes
    checkSize(parts, segments.queuePath(segment), queueBytes, 'compactionCqMappedFileSize', wasClosed || !isLast)
    const room = Math.floor(queueBytes / COMPACTION_UNIT_BYTES)
    fill(segments, segment, isLast ? countFrom(segments, segment, room) : searchCount(segments, parts, segment, room))
    segment.isClosed = !isLast
    segments.list.push(segment)
  }
  const { last } = segments
  if (last === undefined || wasClosed) return
  const intact = intactUnits(segments, parts, last)
  if (intact < last.unitCount) {
    reporter.warn(
      `compaction log ${segments.logPath(last)}: ${last.unitCount - intact} messages are not whole and are copied again`,
    )
  }
  cutSegment(segments, parts, last, intact)
}

/** Drops every message at or behind `offset`. */
export function truncateSegments(segments: CompactionSegments, parts: SegmentsParts, offset: number): void {
  const index = segments.findSegment(offset)
  if (index >= segments.list.length) return
  const segment = segments.list[index]!
  const units = segments.findUnit(segment, offset)
  removeBehind(segments, parts, index)
  cutSegment(segments, parts, segment, units)
}

/** Durable when it returns: were a file to come back when the one before it is cut, there would be a hole between them. */
function removeBehind(segments: CompactionSegments, { files }: SegmentsParts, index: number): void {
  if (segments.list.length === index + 1) return
  while (segments.list.length > index + 1) {
    const gone = segments.list.pop()!
    files.remove(segments.queuePath(gone))
    files.remove(segments.logPath(gone))
  }
  files.disk.syncFolder(segments.folders.queue)
  files.disk.syncFolder(segments.folders.log)
}

function cutSegment(
  segments: CompactionSegments,
  { files, sizes }: SegmentsParts,
  segment: CompactionSegment,
  units: number,
): void {
  if (units < segment.unitCount || segment.isClosed) fill(segments, segment, units)
  segment.isClosed = false
  files.zeroFrom(segments.queuePath(segment), units * COMPACTION_UNIT_BYTES, sizes.queueBytes)
  files.zeroFrom(segments.logPath(segment), segment.logLength, sizes.logBytes)
  segments.isDirty = true
}

/** Starts of the files, ascending. One that has no partner was being made or removed. */
function pairedStarts(segments: CompactionSegments, parts: SegmentsParts, reporter: StoreReporter): number[] {
  const { files, sizes } = parts
  const { log, queue } = segments.folders
  const logNames = new Set(files.disk.list(log).filter((name) => FILE_NAME.test(name)))
  const queueNames = new Set(files.disk.list(queue).filter((name) => FILE_NAME.test(name)))
  for (const [folder, names, others] of [
    [log, logNames, queueNames],
    [queue, queueNames, logNames],
  ] as const) {
    for (const name of names) {
      if (others.has(name)) continue
      reporter.warn(`${folder}/${name} has no partner among the files of its compaction topic and is removed`)
      files.remove(`${folder}/${name}`)
      names.delete(name)
    }
  }
  const starts = [...logNames].map(Number).sort((a, b) => a - b)
  for (const start of starts) {
    if (start % sizes.logBytes === 0) continue
    throw new Error(
      `compaction log ${log}/${segmentFileName(start)} does not start at a multiple of ${sizes.logBytes} bytes: set ` +
        'compactionMappedFileSize and compactionCqMappedFileSize to what the store was written with',
    )
  }
  return starts
}

/** A power cut may take the size of a file that was not synced. */
function checkSize({ files }: SegmentsParts, path: string, expected: number, key: string, isExact: boolean): void {
  const sizeBytes = files.disk.stat(path)?.sizeBytes ?? 0
  if (sizeBytes === expected) return
  if (!isExact && sizeBytes < expected) {
    files.file(path).truncate(expected)
    return
  }
  throw new Error(
    `${path} has ${sizeBytes} bytes instead of ${expected}: set ${key} to what the store was written with, or, if the ` +
      'file is damaged, remove the topic and send its messages again',
  )
}

function fill(segments: CompactionSegments, segment: CompactionSegment, count: number): void {
  segment.unitCount = count
  segment.firstOffset = -1
  segment.lastOffset = -1
  segment.logLength = 0
  if (count === 0) return
  const { unit } = segments
  segments.readRawUnits(segment, 0, 1, unit)
  segment.firstOffset = unit.queueOffsets[0]!
  segments.readRawUnits(segment, count - 1, 1, unit)
  segment.lastOffset = unit.queueOffsets[0]!
  segment.logLength = unit.positions[0]! + unit.sizes[0]! - segment.start
}

/** Units from the start of the file, all looked at: behind a power cut there may be holes. */
function countFrom(segments: CompactionSegments, segment: CompactionSegment, room: number): number {
  const { units } = segments
  for (let from = 0; ; from += units.capacity) {
    const wanted = Math.min(units.capacity, room - from)
    if (wanted <= 0) return room
    segments.readRawUnits(segment, from, wanted, units)
    if (units.count < wanted) return from + units.count
  }
}

function searchCount(
  segments: CompactionSegments,
  { scratch }: SegmentsParts,
  segment: CompactionSegment,
  room: number,
): number {
  let low = 0
  let high = room
  while (low < high) {
    const middle = (low + high) >> 1
    segments.readRawUnits(segment, middle, 1, scratch.unit)
    if (scratch.unit.count === 1) low = middle + 1
    else high = middle
  }
  return low
}

/** How many units, from the first one on, have whole messages. */
function intactUnits(segments: CompactionSegments, { scratch }: SegmentsParts, segment: CompactionSegment): number {
  const record = new RecordView()
  const { units } = segments
  let last = -1
  let position = segment.start
  for (let from = 0; from < segment.unitCount; from += units.count) {
    segments.readUnits(segment, from, units)
    for (let i = 0; i < units.count; i++) {
      const sizeBytes = units.sizes[i]!
      if (units.positions[i] !== position || !segments.fits(sizeBytes)) return from + i
      if (segments.readLog(segment, position, sizeBytes) < sizeBytes) return from + i
      const state = record.parse(scratch.recordView, 0, sizeBytes)
      if (state !== RecordState.ok || record.sizeBytes !== sizeBytes || record.phyOffset !== position) return from + i
      if (record.queueOffset !== units.queueOffsets[i] || record.queueOffset <= last) return from + i
      if (!record.bodyIsIntact(scratch.records)) return from + i
      last = record.queueOffset
      position += sizeBytes
    }
  }
  return segment.unitCount
}
