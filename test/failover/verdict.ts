import type { Acked, Delivery, Ledger } from './ledger.ts'

/** What a queue holds: a key at each offset. By `broker/queue`. */
export type Content = ReadonlyMap<string, readonly string[]>

export interface Verdict {
  /** Acknowledged, and not there. */
  readonly lost: readonly string[]
  /** There, but not at the offset that was acknowledged; or two messages got the same one. */
  readonly moved: readonly string[]
  /** Acknowledged at an offset that is not behind that of the message before it in the queue. */
  readonly disordered: readonly string[]
  /** At two offsets though nobody had a reason to send it twice. */
  readonly doubled: readonly string[]
  /** At two offsets, because an answer was lost and it was sent again. */
  readonly sentTwice: number
  /** What is wrong with what the consumer got. */
  readonly consumed: readonly string[]
}

/** A send that overlaps the time from a disturbance until so long after it may have been tried twice, by client or broker. */
const DISTURBED_MS = 10_000

/**
 * Judges a run by what was acknowledged (in order of time: one message after the other was sent), what the brokers hold at
 * the end, and what a consumer got. `disturbances`: when something was killed or cut, ms since 1970.
 */
export function judge(
  ledger: Ledger,
  content: Content,
  deliveries: readonly Delivery[],
  disturbances: readonly number[],
): Verdict {
  const places = placesOf(content)
  const { acked } = ledger
  return {
    lost: acked.filter(({ key }) => !places.has(key)).map(({ key, queue, offset }) => `${key} (${queue} ${offset})`),
    moved: [...moved(acked, content, places), ...shared(acked)],
    disordered: disordered(acked),
    ...copies(ledger, places, disturbances),
    consumed: judgeDeliveries(deliveries, content, acked),
  }
}

export function isGood(verdict: Verdict): boolean {
  const { lost, moved, disordered, doubled, consumed } = verdict
  return [lost, moved, disordered, doubled, consumed].every((faults) => faults.length === 0)
}

/** Where each key is, `queue offset`. */
function placesOf(content: Content): Map<string, string[]> {
  const places = new Map<string, string[]>()
  for (const [queue, keys] of content) {
    for (const [offset, key] of keys.entries()) {
      const place = `${queue} ${offset}`
      const known = places.get(key)
      if (known === undefined) places.set(key, [place])
      else known.push(place)
    }
  }
  return places
}

function moved(acked: readonly Acked[], content: Content, places: ReadonlyMap<string, readonly string[]>): string[] {
  return acked
    .filter(({ key, queue, offset }) => places.has(key) && content.get(queue)?.[offset] !== key)
    .map(({ key, queue, offset }) => `${key}: acknowledged at ${queue} ${offset}, is at ${places.get(key)}`)
}

/** Two acknowledgements of one place. */
function shared(acked: readonly Acked[]): string[] {
  const owners = new Map<string, string>()
  const faults: string[] = []
  for (const { key, queue, offset } of acked) {
    const place = `${queue} ${offset}`
    const owner = owners.get(place)
    if (owner !== undefined) faults.push(`${owner} and ${key} were both acknowledged at ${place}`)
    owners.set(place, key)
  }
  return faults
}

function disordered(acked: readonly Acked[]): string[] {
  const last = new Map<string, Acked>()
  const faults: string[] = []
  for (const one of acked) {
    const before = last.get(one.queue)
    if (before !== undefined && before.offset >= one.offset) {
      faults.push(`${one.queue}: ${before.key} at ${before.offset}, sent before ${one.key} at ${one.offset}`)
    }
    last.set(one.queue, one)
  }
  return faults
}

function copies(
  { acked, failed }: Ledger,
  places: ReadonlyMap<string, readonly string[]>,
  disturbances: readonly number[],
): { doubled: string[]; sentTwice: number } {
  const doubled: string[] = []
  let sentTwice = 0
  for (const { key, startMs, endMs, attempts } of [...acked, ...failed]) {
    const copies = places.get(key)
    if (copies === undefined || copies.length < 2) continue
    const isDisturbed = disturbances.some((ms) => ms <= endMs && ms >= startMs - DISTURBED_MS)
    if (isDisturbed || attempts > 1) sentTwice++
    else doubled.push(`${key}: ${copies}`)
  }
  return { doubled, sentTwice }
}

/**
 * A consumer gets each queue from its beginning without a hole. After a switch it may get messages again, then from an
 * earlier offset on: the same messages.
 */
function judgeDeliveries(deliveries: readonly Delivery[], content: Content, acked: readonly Acked[]): string[] {
  const faults: string[] = []
  const next = new Map<string, number>()
  const got = new Set<string>()
  for (const { queue, offset, key } of deliveries) {
    const expected = next.get(queue) ?? 0
    got.add(key)
    if (offset > expected) faults.push(`${queue}: got ${offset} where ${expected} belongs`)
    const held = content.get(queue)?.[offset]
    if (held !== key) faults.push(`${queue} ${offset}: got ${key}, the broker holds ${held}`)
    next.set(queue, Math.max(expected, offset + 1))
  }
  for (const { key } of acked) if (!got.has(key)) faults.push(`${key} was not delivered`)
  return faults
}
