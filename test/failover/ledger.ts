/*
 * What the Java clients of the suite wrote down (test/compat/java, Steady), a line per message, fields separated by tabs:
 *
 *   producer: start end attempts key broker queue offset status    or    start end attempts key - error
 *   consumer: time broker queue offset key
 */

interface Attempt {
  readonly startMs: number
  readonly endMs: number
  /** Of the client itself, for this one call. */
  readonly attempts: number
  readonly key: string
}

export interface Acked extends Attempt {
  /** `broker/queue` */
  readonly queue: string
  readonly offset: number
  readonly status: string
}

export interface Failed extends Attempt {
  readonly error: string
}

export interface Ledger {
  readonly acked: readonly Acked[]
  readonly failed: readonly Failed[]
}

export interface Delivery {
  readonly atMs: number
  readonly queue: string
  readonly offset: number
  readonly key: string
}

export function parseLedger(text: string): Ledger {
  const acked: Acked[] = []
  const failed: Failed[] = []
  for (const [start, end, attempts, key = '', broker, ...rest] of lines(text)) {
    const attempt = { startMs: Number(start), endMs: Number(end), attempts: Number(attempts), key }
    if (broker === '-') failed.push({ ...attempt, error: rest.join(' ') })
    else acked.push({ ...attempt, queue: `${broker}/${rest[0]}`, offset: Number(rest[1]), status: rest[2] ?? '' })
  }
  return { acked, failed }
}

export function parseDeliveries(text: string): Delivery[] {
  return lines(text).map(([at, broker, queueId, offset, key = '']) => {
    return { atMs: Number(at), queue: `${broker}/${queueId}`, offset: Number(offset), key }
  })
}

/** A line that is being written is not one yet. */
function lines(text: string): string[][] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')]))
}
