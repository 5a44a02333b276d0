import { Property } from '../../codec/message/properties.ts'
import type { HalfRecord } from './half-record.ts'
import { immunityMs } from './immunity.ts'

export interface CheckRules {
  /** transactionTimeOut */
  readonly timeOutMs: number
  /** transactionCheckMax */
  readonly checkMax: number
  /** fileReservedTime: what is older may be deleted at any time. */
  readonly reservedMs: number
}

/** Stored longer ago than this, what cannot be asked about yet is stored anew, so that the queue moves on. */
const STAYS_MS = 600_000

/**
 * What to do about an undecided half message:
 *
 * - `wait`: it is too young, or nobody can be asked;
 * - `renew`: the same, but it has stood in the queue's way for long: store it again;
 * - `ask`: store it again, one check older, and ask a producer;
 * - `discard`: it was asked about too often or is too old.
 */
export type CheckDecision = 'wait' | 'renew' | 'ask' | 'discard'

export function decideCheck(half: HalfRecord, rules: CheckRules, nowMs: number, canAsk: boolean): CheckDecision {
  const { properties } = half.message
  const ageMs = nowMs - half.bornTimestampMs
  if (checkTimes(properties) >= rules.checkMax || ageMs > rules.reservedMs) return 'discard'
  if (canAsk && !isImmune(properties, ageMs, rules.timeOutMs)) return 'ask'
  return nowMs - half.storeTimestampMs > STAYS_MS ? 'renew' : 'wait'
}

/** How often a producer was asked; 0 before the first time, -1 for what is no number. */
export function checkTimes(properties: ReadonlyMap<string, string>): number {
  const times = properties.get(Property.transactionCheckTimes)
  if (times === undefined) return 0
  return /^[+-]?\d+$/.test(times) ? Number(times) : -1
}

/** A producer whose clock is ahead is asked at once, as in the original. */
function isImmune(properties: ReadonlyMap<string, string>, ageMs: number, timeOutMs: number): boolean {
  const immunity = properties.get(Property.checkImmunityTime)
  if (immunity !== undefined) return ageMs <= immunityMs(immunity, timeOutMs)
  return ageMs >= 0 && ageMs <= timeOutMs
}
