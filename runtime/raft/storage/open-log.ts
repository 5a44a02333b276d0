import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { type Entry, type EntryId, isAsUpToDate } from '../entry.ts'
import type { HardState } from '../hard-state.ts'
import type { DurableMark } from './durable-mark.ts'
import type { HardStateFiles } from './hard-state-files.ts'
import { LogFiles } from './log-files.ts'
import { RECORD_ALIGN_BYTES } from './log-record.ts'
import { type RecoveredLog, recoverLog } from './log-recovery.ts'
import { type Hole, scanLog, segmentName, segmentStarts } from './log-scan.ts'

export interface OpenLogOptions {
  readonly disk: Disk
  /** The store; the log is in its folder `log`. */
  readonly folder: string
  readonly logger: Logger
  readonly segmentBytes: number
  readonly hard: HardStateFiles
  readonly mark: DurableMark
  /** The log begins behind it. */
  readonly snapshot: EntryId
}

export interface OpenedLog {
  readonly files: LogFiles
  readonly entries: readonly Entry[]
  readonly commit: number
}

/** Reads the log and makes it fit to be appended to. Everything that is returned is durable. */
export function openLog(options: OpenLogOptions): OpenedLog {
  const { disk, folder, mark, snapshot } = options
  const logFolder = `${folder}/log`
  disk.makeFolder(logFolder)
  const starts = segmentStarts(disk, logFolder)
  const recovered = recoverLog(scanLog(disk, logFolder), starts, mark.mark, snapshot, logFolder)
  makeDurable(disk, logFolder, starts, mark.mark?.position ?? 0)
  const files = recovered.isLost ? beginAgain(options, recovered, starts) : goOn(options, recovered, starts)
  mark.write({ position: files.position, id: files.last })
  mark.syncNow()
  const { entries, commit } = recovered
  return { files, entries, commit }
}

/** A process that was killed left bytes in the page cache, which a later power cut would take. */
function makeDurable(disk: Disk, folder: string, starts: readonly number[], durableTo: number): void {
  for (const [i, start] of starts.entries()) {
    const end = starts[i + 1] ?? Number.MAX_SAFE_INTEGER
    if (end <= durableTo) continue
    const file = disk.open(`${folder}/${segmentName(start)}`, 'write')
    file.syncDataNow()
    file.close()
  }
  disk.syncFolder(folder)
}

function goOn(options: OpenLogOptions, recovered: RecoveredLog, starts: readonly number[]): LogFiles {
  const { disk, folder, logger, segmentBytes, snapshot } = options
  const { torn, damage, position, segments, entries } = recovered
  for (const hole of damage) {
    logger.warn({ file: hole.file, byte: hole.byte }, `damage in a part of the log that is not needed: ${textOf(hole)}`)
  }
  if (torn !== undefined) cutTorn(options, torn, starts)
  const last = entries.at(-1) ?? snapshot
  return new LogFiles(disk, `${folder}/log`, segmentBytes, segments, position, { index: last.index, term: last.term })
}

/** What was being written when the power went. Kept aside, for people: nobody relies on it. */
function cutTorn({ disk, folder, logger }: OpenLogOptions, torn: Hole, starts: readonly number[]): void {
  const kept: string[] = []
  for (const start of starts.filter((one) => one >= torn.position)) kept.push(...moveAside(disk, folder, start))
  const start = starts.findLast((one) => one < torn.position)
  if (start !== undefined) {
    const path = `${folder}/log/${segmentName(start)}`
    const bytes = disk.readFile(path).subarray(torn.position - start)
    if (bytes.some((byte) => byte !== 0)) {
      kept.push(freePath(disk, `${folder}/cut/${segmentName(torn.position)}`))
      disk.writeFile(kept.at(-1)!, bytes)
    }
    const file = disk.open(path, 'write')
    file.truncate(torn.position - start)
    file.syncDataNow()
    file.close()
  }
  disk.syncFolder(`${folder}/log`)
  if (kept.length === 0) return
  const where = `kept aside: ${kept.join(', ')}`
  logger.warn(
    { file: torn.file, byte: torn.byte },
    `the log ended in a write that was cut off, ${textOf(torn)}; ${where}`,
  )
}

/**
 * Damage took entries. That is written down first, with a new term, so that nothing that was promised can be mistaken for
 * what the log still holds; then the log begins again with what is whole.
 */
function beginAgain(options: OpenLogOptions, recovered: RecoveredLog, starts: readonly number[]): LogFiles {
  const { disk, folder, logger, segmentBytes, hard, snapshot } = options
  const { entries, commit, damage, end, position } = recovered
  hard.writeNow(withLoss(hard.hard, end))
  const last = entries.at(-1) ?? snapshot
  for (const hole of damage) {
    logger.error(
      { file: hole.file, byte: hole.byte },
      `the raft log is damaged: ${textOf(hole)}. Entries behind ${last.index} are not used` +
        `${end === undefined ? '' : ` (it went to ${end.index})`}; they come again from the other members. Until then this ` +
        'member does not lead, and votes only for who has them. The files are kept in cut/; check this disk',
    )
  }
  const provenTo = options.mark.mark?.position ?? 0
  const next = Math.ceil(Math.max(position, provenTo, endOf(options, starts)) / RECORD_ALIGN_BYTES) * RECORD_ALIGN_BYTES
  const files = new LogFiles(disk, `${folder}/log`, segmentBytes, [], next, snapshot)
  files.restart(snapshot)
  if (entries.length > 0) files.append(entries, snapshot.term, commit)
  files.syncNow()
  for (const start of starts) moveAside(disk, folder, start)
  disk.syncFolder(`${folder}/log`)
  return files
}

function withLoss(hard: HardState, end: EntryId | undefined): HardState {
  const before = hard.lost
  const term = Math.max(hard.term, end?.term ?? 0) + 1
  if (before !== undefined && before.end === undefined)
    return { ...hard, term, vote: undefined, lost: { ...before, term } }
  const farther = before?.end !== undefined && end !== undefined && isAsUpToDate(before.end, end) ? before.end : end
  return { ...hard, term, vote: undefined, lost: { end: farther, term } }
}

function endOf({ disk, folder }: OpenLogOptions, starts: readonly number[]): number {
  const last = starts.at(-1)
  return last === undefined ? 0 : last + disk.stat(`${folder}/log/${segmentName(last)}`)!.sizeBytes
}

/** Returns where the segment is now; nowhere if it was empty. */
function moveAside(disk: Disk, folder: string, start: number): string[] {
  const path = `${folder}/log/${segmentName(start)}`
  if (disk.readFile(path).every((byte) => byte === 0)) {
    disk.remove(path)
    return []
  }
  disk.makeFolder(`${folder}/cut`)
  const aside = freePath(disk, `${folder}/cut/${segmentName(start)}`)
  disk.rename(path, aside)
  disk.syncFolder(`${folder}/cut`)
  return [aside]
}

function freePath(disk: Disk, path: string): string {
  let free = path
  for (let n = 2; disk.stat(free) !== undefined; n++) free = `${path}.${n}`
  return free
}

function textOf({ file, byte, reason }: Hole): string {
  return `${file} at byte ${byte}: ${reason}`
}
