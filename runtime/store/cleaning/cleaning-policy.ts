import type { StoreConfig } from '../store-options.ts'

export type CleaningConfig = Pick<
  StoreConfig,
  | 'deleteWhen'
  | 'fileReservedTime'
  | 'diskMaxUsedSpaceRatio'
  | 'diskSpaceCleanForciblyRatio'
  | 'diskSpaceWarningLevelRatio'
  | 'cleanFileForciblyEnable'
  | 'deleteFileBatchMax'
>

export interface SegmentAge {
  /** When the file was last written. */
  readonly lastModifiedMs: number
}

export interface CleaningInput {
  readonly nowMs: number
  /** 0..23, in the machine's time zone. */
  readonly hourOfDay: number
  readonly config: CleaningConfig
  /** Oldest first, the one being written last. */
  readonly segments: readonly SegmentAge[]
  /** Used part of the disks, 0..1; of several commit log paths the least used. -1 when unknown. */
  readonly commitLogDiskRatio: number
  readonly consumeQueueDiskRatio: number
  /** Runs that the operator has asked for and that are still to be done. */
  readonly manualRuns: number
}

type CleaningReason = 'time' | 'disk' | 'manual' | undefined

export interface CleaningDecision {
  /** How many of the oldest segments to delete now. */
  readonly deleteCount: number
  /** Why anything was considered; undefined: it was not. */
  readonly reason: CleaningReason
  /** Messages must be refused: the disk of the commit log or of the consume queues is at the warning level. */
  readonly isDiskFull: boolean
  /** Which disk is full, for the answer to producers. */
  readonly fullDisk: 'commitLog' | 'consumeQueue' | undefined
  /** Space is short and nothing could be chosen: somebody has to know. */
  readonly isStuck: boolean
}

const HOUR_MS = 3_600_000

/** Bounds that hold whatever the configuration says, as in Java. */
export function warningRatio(config: CleaningConfig): number {
  return clamp(config.diskSpaceWarningLevelRatio / 100, 0.35, 0.9)
}

function forcibleRatio(config: CleaningConfig): number {
  return clamp(config.diskSpaceCleanForciblyRatio / 100, 0.3, 0.85)
}

function cleaningRatio(config: CleaningConfig): number {
  return clamp(config.diskMaxUsedSpaceRatio, 10, 95) / 100
}

/**
 * What to delete now. As in Apache RocketMQ's `CleanCommitLogService`: files older than fileReservedTime go in the hours
 * of deleteWhen, when a disk is fuller than diskMaxUsedSpaceRatio, or when the operator says so; beyond
 * diskSpaceCleanForciblyRatio they go whatever their age. Never the newest, and never one younger than its predecessor kept.
 */
export function decideCleaning(input: CleaningInput): CleaningDecision {
  const { config, commitLogDiskRatio, consumeQueueDiskRatio } = input
  const fullest = Math.max(commitLogDiskRatio, consumeQueueDiskRatio)
  const isDiskFull = fullest > warningRatio(config)
  const isForced = fullest > forcibleRatio(config)
  const isUnknown = commitLogDiskRatio < 0 || consumeQueueDiskRatio < 0
  const isSpaceShort = isForced || isUnknown || fullest > cleaningRatio(config)
  const isTime = hoursOf(config.deleteWhen).includes(input.hourOfDay)
  const reason = isTime ? 'time' : isSpaceShort ? 'disk' : input.manualRuns > 0 ? 'manual' : undefined
  const deleteCount = reason === undefined ? 0 : countExpired(input, isForced && config.cleanFileForciblyEnable)
  return {
    deleteCount,
    reason,
    isDiskFull,
    fullDisk: isDiskFull ? fullDiskOf(input) : undefined,
    isStuck: isSpaceShort && !isUnknown && deleteCount === 0,
  }
}

/** Hours of the day in `04` or `04;16`; what is no hour never comes. */
export function hoursOf(deleteWhen: string): number[] {
  return deleteWhen
    .split(';')
    .map((hour) => hour.trim())
    .filter((hour) => /^\d+$/.test(hour))
    .map(Number)
}

function countExpired(input: CleaningInput, isForced: boolean): number {
  const { config, segments, nowMs } = input
  const most = Math.min(segments.length - 1, config.deleteFileBatchMax)
  let count = 0
  while (count < most) {
    const expiresMs = segments[count]!.lastModifiedMs + config.fileReservedTime * HOUR_MS
    if (!isForced && nowMs < expiresMs) break
    count++
  }
  return count
}

function fullDiskOf(input: CleaningInput): 'commitLog' | 'consumeQueue' {
  return input.commitLogDiskRatio > warningRatio(input.config) ? 'commitLog' : 'consumeQueue'
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
