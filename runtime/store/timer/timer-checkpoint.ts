import { dirname } from 'node:path'
import { peekInt64, setInt64, viewOf } from '../../codec/bytes.ts'
import type { Disk } from '../../io/disk.ts'

/*
 * config/timercheck, 4096 bytes, big endian:
 *
 *   0  int64  lastReadTimeMs          every slot before it was delivered
 *   8  int64  lastTimerLogFlushPos    the wheel's file holds the units of the timer log below
 *  16  int64  lastTimerQueueOffset    ... and there is a unit of every message of the timer topic's queue below
 *  24  int64  masterTimerQueueOffset  the same of the master; slaves do not go beyond
 *  32  int64  stateVersion, timestamp, counter of the version
 *  56  zeros
 *
 * Ours follows in bytes that Apache RocketMQ leaves alone, to know whether it has changed the file since:
 *
 *  64  int64  the first three fields once more
 *  88  int64  timerPrecisionMs of the wheel
 *
 * The body of GET_TIMER_CHECK_POINT is the first 56 bytes, followed by the end of the master's log when they were true.
 */
const FILE_BYTES = 4096
const OFFICIAL_BYTES = 56
const COPY_AT = 64
const OWN_BYTES = 96
const BODY_BYTES = 64

export interface TimerProgress {
  readonly readMs: number
  readonly logPosition: number
  readonly queueOffset: number
  readonly masterQueueOffset: number
  readonly stateVersion: number
  readonly timestampMs: number
  readonly counter: number
}

/** What a master tells of its timers. */
export interface TimerReport {
  readonly progress: TimerProgress
  /** End of its log at that time; 0 of one that does not tell. */
  readonly logEnd: number
}

export const NO_PROGRESS: TimerProgress = {
  readMs: 0,
  logPosition: 0,
  queueOffset: 0,
  masterQueueOffset: 0,
  stateVersion: 0,
  timestampMs: 0,
  counter: 0,
}

/** How far the timers of this broker have come, as a file. */
export class TimerCheckpoint {
  progress: TimerProgress = NO_PROGRESS
  /** Whether this engine was the last to write it. */
  readonly isOwn: boolean
  /** The wheel's precision when this engine last wrote it, 0 when it never did. */
  precisionMs: number
  readonly #disk: Disk
  readonly #path: string

  /** What a file too short or a damaged field does not say is 0. */
  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
    const exists = (disk.stat(path)?.sizeBytes ?? 0) > 0
    const bytes = Buffer.alloc(FILE_BYTES)
    if (exists) disk.readFile(path).copy(bytes)
    const view = viewOf(bytes)
    this.progress = read(view)
    this.isOwn = exists && bytes.subarray(0, 24).equals(bytes.subarray(COPY_AT, COPY_AT + 24))
    this.precisionMs = field(view, COPY_AT + 24)
  }

  /** Durable when it returns. All of it is in one sector. */
  write(progress: TimerProgress, precisionMs: number): void {
    const bytes = Buffer.alloc(OWN_BYTES)
    const view = viewOf(bytes)
    encode(view, progress)
    bytes.copy(bytes, COPY_AT, 0, 24)
    setInt64(view, COPY_AT + 24, precisionMs)
    if (this.#disk.stat(this.#path) === undefined) this.#disk.makeFolder(dirname(this.#path))
    const file = this.#disk.open(this.#path, 'write')
    try {
      const isNew = file.sizeBytes() !== FILE_BYTES
      if (isNew) file.truncate(FILE_BYTES)
      file.write(bytes, 0, bytes.length, 0)
      file.syncDataNow()
      if (isNew) this.#disk.syncFolder(dirname(this.#path))
    } finally {
      file.close()
    }
    this.progress = progress
    this.precisionMs = precisionMs
  }
}

/** Body of GET_TIMER_CHECK_POINT. */
export function encodeTimerReport({ progress, logEnd }: TimerReport): Buffer {
  const body = Buffer.alloc(BODY_BYTES)
  encode(viewOf(body), progress)
  setInt64(viewOf(body), OFFICIAL_BYTES, logEnd)
  return body
}

/** @throws Error for a body that is too short */
export function decodeTimerReport(body: Buffer): TimerReport {
  if (body.length < OFFICIAL_BYTES) {
    throw new Error(`timer checkpoint of ${body.length} bytes, expected ${OFFICIAL_BYTES} or more`)
  }
  const view = viewOf(body)
  return { progress: read(view), logEnd: body.length < BODY_BYTES ? 0 : field(view, OFFICIAL_BYTES) }
}

function encode(view: DataView, progress: TimerProgress): void {
  setInt64(view, 0, progress.readMs)
  setInt64(view, 8, progress.logPosition)
  setInt64(view, 16, progress.queueOffset)
  setInt64(view, 24, progress.masterQueueOffset)
  setInt64(view, 32, progress.stateVersion)
  setInt64(view, 40, progress.timestampMs)
  setInt64(view, 48, progress.counter)
}

function read(view: DataView): TimerProgress {
  return {
    readMs: field(view, 0),
    logPosition: field(view, 8),
    queueOffset: field(view, 16),
    masterQueueOffset: field(view, 24),
    stateVersion: field(view, 32),
    timestampMs: field(view, 40),
    counter: field(view, 48),
  }
}

function field(view: DataView, at: number): number {
  const value = peekInt64(view, at)
  return Number.isSafeInteger(value) && value > 0 ? value : 0
}
