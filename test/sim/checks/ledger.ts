/** Where a message stands. */
export interface Place {
  /** brokerName */
  readonly group: string
  readonly queueId: number
  readonly queueOffset: number
  readonly phyOffset: number
}

/** `acked`: under the mode's guarantee. `stored`: the answer says that less than that was reached. `seen`: by a consumer. */
export type Strength = 'acked' | 'stored' | 'seen'

interface Entry {
  readonly id: number
  readonly phyOffset: number
  strength: Strength
  /** Something has happened since that may take it away, and nothing promises otherwise. */
  mayBeLost: boolean
}

interface QueueBooks {
  readonly group: string
  readonly queueId: number
  /** By queue offset. */
  readonly entries: (Entry | undefined)[]
  /** Every message that began to be sent after this had been acknowledged stands behind it. */
  ackedOffset: number
}

/** How it was when a message was sent. */
interface Before {
  readonly offset: number
  readonly losses: number
}

/** Messages that nobody had promised to keep were lost: how often, and whether acknowledged ones were kept. */
interface Losses {
  readonly count: number
  readonly keepsAcked: boolean
  /** While the master is not back yet: what lies behind this in its log may be gone, also if a slave still shows it. */
  readonly openFrom: number
}

const NO_LOSSES: Losses = { count: 0, keepsAcked: true, openFrom: Number.POSITIVE_INFINITY }

/** What was promised, to whom, and of which messages. @throws Error that names what was broken, from every method */
export class Ledger {
  readonly #queues = new Map<string, QueueBooks>()
  /** What a consumer was given, by queue and offset. */
  readonly #delivered = new Map<string, Set<number>>()
  /** By group. A loss takes away the order between what was acknowledged before and after it. */
  readonly #losses = new Map<string, Losses>()
  /** Whether an answer that says that less was reached than is configured promises nothing at all. */
  readonly #storedMayBeLost: boolean
  sentCount = 0
  ackedCount = 0
  deliveredCount = 0

  constructor(storedMayBeLost: boolean) {
    this.#storedMayBeLost = storedMayBeLost
  }

  queues(): Iterable<QueueBooks> {
    return this.#queues.values()
  }

  /** Taken when a message is sent: what stands in the queue for sure by then. */
  before(group: string, queueId: number): Before {
    return { offset: this.#books(group, queueId).ackedOffset, losses: this.#lossesOf(group).count }
  }

  acked(id: number, place: Place, strength: Strength, before: Before): void {
    const books = this.#books(place.group, place.queueId)
    const losses = this.#lossesOf(place.group)
    this.ackedCount++
    if (before.losses !== losses.count) {
      // The answer was on its way when the loss came, or the message came after it: nobody knows.
      if (strength === 'acked' && losses.keepsAcked) this.#note(id, place, strength)
      return
    }
    // A master that has been replaced without knowing it may have stored it where others stand now.
    if (strength === 'stored' && this.#storedMayBeLost) return
    if (place.queueOffset <= before.offset) {
      throw new Error(
        `order: message ${id} was sent after ${before.offset} of ${textOf(place)} was acknowledged, and stands before it`,
      )
    }
    this.#note(id, place, strength)
    books.ackedOffset = Math.max(books.ackedOffset, place.queueOffset)
  }

  #lossesOf(group: string): Losses {
    return this.#losses.get(group) ?? NO_LOSSES
  }

  /** A consumer has got it. */
  delivered(id: number, place: Place): void {
    this.#note(id, place, 'seen')
    const key = `${place.group}/${place.queueId}`
    const ids = this.#delivered.get(key)
    if (ids === undefined) this.#delivered.set(key, new Set([id]))
    else ids.add(id)
    this.deliveredCount++
  }

  isDelivered(group: string, queueId: number, id: number): boolean {
    return this.#delivered.get(`${group}/${queueId}`)?.has(id) === true
  }

  /** A group goes on at `offset`: what stands before it, and was promised, has been delivered. */
  resumedAt(group: string, queueId: number, offset: number): void {
    const { entries } = this.#books(group, queueId)
    for (let at = 0; at < Math.min(offset, entries.length); at++) {
      const entry = entries[at]
      if (entry === undefined || entry.mayBeLost || entry.strength === 'seen') continue
      if (this.isDelivered(group, queueId, entry.id)) continue
      throw new Error(
        `consumer offset: the group goes on at ${offset} of ${group}/${queueId}, and never got message ${entry.id} at ${at}`,
      )
    }
  }

  /** Of this group's log what lies at and behind `phyOffset` may be gone, unless it was acknowledged and `keepsAcked`. */
  mayLose(group: string, phyOffset: number, keepsAcked: boolean): void {
    this.#losses.set(group, { count: this.#lossesOf(group).count + 1, keepsAcked, openFrom: phyOffset })
    for (const books of this.#queues.values()) {
      if (books.group !== group) continue
      for (const entry of books.entries) {
        if (entry === undefined || entry.phyOffset < phyOffset) continue
        if (!keepsAcked || entry.strength !== 'acked') entry.mayBeLost = true
      }
      const last = books.entries.findLastIndex((entry) => entry !== undefined && !entry.mayBeLost)
      books.ackedOffset = Math.min(books.ackedOffset, last)
    }
  }

  /** After a loss: what is there still is promised as before, and nothing is said any more of what is gone. */
  recovered(group: string, idsIn: (queueId: number) => readonly number[]): void {
    this.#losses.set(group, { ...this.#lossesOf(group), openFrom: Number.POSITIVE_INFINITY })
    for (const books of this.#queues.values()) {
      if (books.group !== group) continue
      const ids = idsIn(books.queueId)
      books.entries.forEach((entry, offset) => {
        if (entry?.mayBeLost !== true) return
        if (ids[offset] === entry.id) entry.mayBeLost = false
        else books.entries[offset] = undefined
      })
    }
  }

  /** What stands in a broker's store now, in the order of the queue, is compared with what was promised. */
  compare(group: string, queueId: number, ids: readonly number[], where: string): void {
    const { entries } = this.#books(group, queueId)
    entries.forEach((entry, offset) => {
      if (entry === undefined || entry.mayBeLost) return
      const found = ids[offset]
      if (found === entry.id) return
      const what = found === undefined ? 'is missing' : `is message ${found}`
      throw new Error(
        `lost: message ${entry.id} (${entry.strength}) stood at ${group}/${queueId}:${offset}, which ${what} on ${where}`,
      )
    })
  }

  /** Everything that was promised has been delivered. */
  undelivered(): string | undefined {
    for (const { group, queueId, entries } of this.#queues.values()) {
      for (const [offset, entry] of entries.entries()) {
        if (entry === undefined || entry.mayBeLost || this.isDelivered(group, queueId, entry.id)) continue
        return `message ${entry.id} at ${group}/${queueId}:${offset}`
      }
    }
    return undefined
  }

  #note(id: number, place: Place, strength: Strength): void {
    const { entries } = this.#books(place.group, place.queueId)
    const known = entries[place.queueOffset]
    const mayBeLost = strength !== 'acked' && place.phyOffset >= this.#lossesOf(place.group).openFrom
    if (known === undefined || (known.mayBeLost && known.id !== id)) {
      entries[place.queueOffset] = { id, phyOffset: place.phyOffset, strength, mayBeLost }
      return
    }
    if (known.id !== id) {
      throw new Error(`two messages at one offset: ${known.id} (${known.strength}) and ${id} at ${textOf(place)}`)
    }
    if (strength === 'stored' || known.strength === 'acked') return
    known.strength = strength
    known.mayBeLost = mayBeLost
  }

  #books(group: string, queueId: number): QueueBooks {
    const key = `${group}/${queueId}`
    let books = this.#queues.get(key)
    if (books === undefined) {
      books = { group, queueId, entries: [], ackedOffset: -1 }
      this.#queues.set(key, books)
    }
    return books
  }
}

function textOf({ group, queueId, queueOffset }: Place): string {
  return `${group}/${queueId}:${queueOffset}`
}
