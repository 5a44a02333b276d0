import { consistentPoint, EpochHistory, LEGACY_EPOCH } from './epoch-history.ts'

/** What a replica knows of its own log when it meets its master. */
export interface OwnLog {
  readonly epochs: EpochHistory
  readonly endOffset: number
  /** Everything behind it may be taken back. */
  readonly confirmOffset: number
  /** What {@link epochs} says of the log from here on is not certain: their file was damaged. */
  readonly trustedEndOffset: number
}

/** What a master tells of its log. */
export interface MastersLog {
  readonly epochs: EpochHistory
  readonly endOffset: number
}

/** Where a replica has to follow its master from. */
export type FollowPoint =
  /** Everything behind `offset` goes. */
  | { readonly kind: 'follow'; readonly offset: number }
  /** All of it goes: the master has nothing that continues it. */
  | { readonly kind: 'startAnew'; readonly reason: string }
  /** Following would lose messages that nobody decided to lose. */
  | { readonly kind: 'refuse'; readonly reason: string }

const UNALIGNED =
  'Messages from before this group had a controller would be lost. Before the change to controller mode the logs of master ' +
  'and slave have to be equal, or the broker with the longer one must come online first'
const COPY_ANEW = 'To copy everything from the master, empty the store folder of this broker'

/** A log without history was written before its broker came under a controller. */
export function withLegacy(own: OwnLog): EpochHistory {
  if (!own.epochs.isEmpty || own.endOffset === 0 || own.trustedEndOffset < own.endOffset) return own.epochs
  return new EpochHistory([{ epoch: LEGACY_EPOCH, startOffset: 0 }])
}

/**
 * Whether the two logs are only supposed to be equal: nothing but their length was compared, because both are from before there
 * was a controller. An official master is not asked: it cannot send what is older than its first epoch.
 */
export function needsProof(own: OwnLog, master: EpochHistory): boolean {
  return own.epochs.isEmpty && !withLegacy(own).isEmpty && master.entries[0]?.epoch === LEGACY_EPOCH
}

export function followPoint(own: OwnLog, master: MastersLog): FollowPoint {
  const { endOffset } = own
  if (endOffset === 0) return { kind: 'follow', offset: 0 }
  const epochs = withLegacy(own)
  const held = epochs.endingAt(endOffset)
  if (master.epochs.lastEpoch < held.lastEpoch) {
    const reason = `the master's last epoch is ${master.epochs.lastEpoch}, but this broker holds messages of epoch ${held.lastEpoch}`
    return { kind: 'refuse', reason: `${reason}: the master is a stale one` }
  }
  const certainEnd = Math.min(endOffset, own.trustedEndOffset)
  const common = consistentPoint(epochs, certainEnd, master.epochs, master.endOffset)
  if (common !== undefined) {
    const legacyEnd = epochs.entries[0]?.epoch === LEGACY_EPOCH ? epochs.endOf(0, certainEnd) : 0
    return common.offset < legacyEnd ? unaligned(common.offset, endOffset) : { kind: 'follow', offset: common.offset }
  }
  return withoutCommonEpoch(own, held, master)
}

function withoutCommonEpoch(own: OwnLog, held: EpochHistory, master: MastersLog): FollowPoint {
  const { endOffset, confirmOffset } = own
  const first = master.epochs.entries[0]
  if (first === undefined) return { kind: 'refuse', reason: 'the master has no epoch' }
  const isLegacy = held.entries.length === 1 && held.lastEpoch === LEGACY_EPOCH
  // An official master does not name what was there before its first epoch.
  if (isLegacy && first.epoch !== LEGACY_EPOCH && endOffset <= first.startOffset)
    return { kind: 'follow', offset: endOffset }
  if (isLegacy && first.startOffset > 0) return unaligned(first.startOffset, endOffset)
  if (first.startOffset >= endOffset && held.entries.length > 0) {
    const reason = `the master's oldest epoch begins at offset ${first.startOffset}, this broker's log ends at ${endOffset}`
    return { kind: 'startAnew', reason }
  }
  // Before there was a controller nothing was called confirmed, but acknowledged it was all the same.
  if (!isLegacy && held.entries[0]?.startOffset === first.startOffset && confirmOffset <= first.startOffset) {
    return { kind: 'follow', offset: first.startOffset }
  }
  const isOlder = isLegacy ? ' (written before the group had a controller, or its epoch file was removed)' : ''
  const reason = `epochs of the master: ${master.epochs}, of this broker: ${held}${isOlder}, which have nothing in common`
  return { kind: 'refuse', reason: `${reason}. ${COPY_ANEW}` }
}

/** The history of a log that is equal to the master's up to `offset`; epochs that the master has forgotten stay. */
export function sharedEpochs(own: EpochHistory, master: EpochHistory, offset: number): EpochHistory {
  const first = master.entries[0]
  const older = own.endingAt(offset).entries.filter(({ epoch }) => first === undefined || epoch < first.epoch)
  const before = older.filter(({ startOffset }) => first === undefined || startOffset <= first.startOffset)
  return new EpochHistory([...before, ...master.reachingTo(offset).entries])
}

/** Logs that look equal by their length, and are not. */
export function unequal(phyOffset: number, endOffset: number): string {
  const reason = `this broker's log, which ends at offset ${endOffset}, is not equal to the master's from ${phyOffset} on`
  return `${reason}: it is the store of another group, or both were written to. ${UNALIGNED}. ${COPY_ANEW}`
}

function unaligned(commonOffset: number, endOffset: number): FollowPoint {
  const reason = `this broker's log ends at offset ${endOffset}, the master's has the same bytes only up to ${commonOffset}`
  return { kind: 'refuse', reason: `${reason}. ${UNALIGNED}. ${COPY_ANEW}` }
}
