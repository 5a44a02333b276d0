/** A master's term, and where in the commit log what it wrote begins. */
export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

/** Entries kept: a master of Apache RocketMQ that finds more in its file cannot greet its slaves any more. */
export const EPOCHS_MAX = 1000

/**
 * What was in the log before its broker came under a controller counts as written in this epoch, which no controller
 * gives out.
 */
export const LEGACY_EPOCH = 0

/**
 * Which master wrote which part of a commit log, oldest first. An epoch ends where the next one begins; one in which
 * nothing was written begins where the next one does.
 *
 * Only one broker writes in an epoch, and it begins behind what it had, so two logs that both have a byte of the same
 * epoch at the same offset are equal up to there. That is what {@link consistentPoint} rests on.
 */
export class EpochHistory {
  readonly entries: readonly EpochEntry[]

  /** @throws Error for entries that do not follow one another */
  constructor(entries: readonly EpochEntry[] = []) {
    for (let i = 0; i < entries.length; i++) {
      const { epoch, startOffset } = entries[i]!
      const before = entries[i - 1]
      const isSound = Number.isSafeInteger(epoch) && Number.isSafeInteger(startOffset) && epoch >= 0 && startOffset >= 0
      if (isSound && (!before || (epoch > before.epoch && startOffset >= before.startOffset))) continue
      throw new Error(
        `epoch ${epoch} from offset ${startOffset} cannot follow ${before ? entryText(before) : 'nothing'}`,
      )
    }
    this.entries = entries
  }

  get isEmpty(): boolean {
    return this.entries.length === 0
  }

  get last(): EpochEntry | undefined {
    return this.entries.at(-1)
  }

  /** -1 without any, as with official brokers. */
  get lastEpoch(): number {
    return this.last?.epoch ?? -1
  }

  /** Begins an epoch. Of too many, those in which nothing was written go first, then the oldest. */
  begin(epoch: number, startOffset: number): EpochHistory {
    const entries = [...this.entries, { epoch, startOffset }]
    if (entries.length > EPOCHS_MAX) {
      const idle = entries.findIndex((entry, i) => entries[i + 1]?.startOffset === entry.startOffset)
      entries.splice(Math.max(idle, 0), 1)
    }
    return new EpochHistory(entries)
  }

  /** Without the epochs of which nothing lies below `endOffset`. */
  endingAt(endOffset: number): EpochHistory {
    return this.#keep((entry) => entry.startOffset < endOffset)
  }

  /** Without the epochs that begin behind `endOffset`; one that begins just there stays. */
  reachingTo(endOffset: number): EpochHistory {
    return this.#keep((entry) => entry.startOffset <= endOffset)
  }

  /** Without the epochs whose messages have all left the log; the last one stays. */
  startingAt(minOffset: number): EpochHistory {
    return this.#keep((_, i) => (this.entries[i + 1]?.startOffset ?? Number.POSITIVE_INFINITY) > minOffset)
  }

  /** Number of the entry that the byte at `offset` belongs to, -1 for one before the first. */
  indexAt(offset: number): number {
    let index = this.entries.length - 1
    while (index >= 0 && this.entries[index]!.startOffset > offset) index--
    return index
  }

  /** Where the epoch of an entry ends in a log that ends at `logEndOffset`. */
  endOf(index: number, logEndOffset: number): number {
    return Math.min(this.entries[index + 1]?.startOffset ?? logEndOffset, logEndOffset)
  }

  equals(other: EpochHistory): boolean {
    if (this.entries.length !== other.entries.length) return false
    return this.entries.every(({ epoch, startOffset }, i) => {
      const entry = other.entries[i]!
      return entry.epoch === epoch && entry.startOffset === startOffset
    })
  }

  toString(): string {
    return this.isEmpty ? 'none' : this.entries.map(entryText).join(' ')
  }

  #keep(isKept: (entry: EpochEntry, index: number) => boolean): EpochHistory {
    const kept = this.entries.filter(isKept)
    return kept.length === this.entries.length ? this : new EpochHistory(kept)
  }
}

/** As in the file. */
function entryText({ epoch, startOffset }: EpochEntry): string {
  return `${epoch}-${startOffset}`
}

export interface ConsistentPoint {
  /** Up to where the two logs are equal. */
  readonly offset: number
  /** The newest epoch that both have a part of. */
  readonly epoch: number
}

/** Up to where two logs are equal; undefined when their histories have no epoch in common that holds anything of `local`. */
export function consistentPoint(
  local: EpochHistory,
  localEndOffset: number,
  other: EpochHistory,
  otherEndOffset: number,
): ConsistentPoint | undefined {
  const starts = new Map(other.entries.map((entry, i) => [entry.epoch, { startOffset: entry.startOffset, i }]))
  for (let i = local.endingAt(localEndOffset).entries.length - 1; i >= 0; i--) {
    const { epoch, startOffset } = local.entries[i]!
    const same = starts.get(epoch)
    if (same?.startOffset !== startOffset) continue
    return { offset: Math.min(local.endOf(i, localEndOffset), other.endOf(same.i, otherEndOffset)), epoch }
  }
  return undefined
}
