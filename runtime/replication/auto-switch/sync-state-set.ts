/** A master that takes over knows of replicas that have not reached it yet: they have this long. */
const RECONNECT_GRACE_MS = 2_000
/** A replica whose lag is shorter than this may join: acknowledgements wait for it while it closes the rest. */
const JOIN_LAG_MAX_MS = 300
/** One that does not close it within this time is let go again. */
const JOIN_WAIT_MAX_MS = 1_000

interface Replica {
  isConnected: boolean
  isLearner: boolean
  /** What it says it holds; of one that went, what it held last. */
  ackOffset: number
  connectedMs: number
  /** When it last held all the master had. */
  caughtUpMs: number
  /** The end of the master's log as it was at some time: a replica that reaches it was caught up then. */
  markOffset: number
  markMs: number
  /** It counts already, so that it can get to where the others are; unset: it does not join. */
  joiningSinceMs: number | undefined
  /** What was confirmed when it began to count: from here on it holds everything confirmed. */
  joinOffset: number
}

/**
 * Which replicas hold everything that is confirmed, as a master sees it: one of them becomes the next master. Members are
 * those that the controllers agreed to. Beside them count those that were asked for and perhaps agreed to, and those that are
 * about to be: whoever counts has to have a message before it is confirmed. So whichever of the sets the controllers
 * hold, each of its members has all that was confirmed (apache/rocketmq#5663).
 *
 * Pure: time and offsets are passed in.
 */
export class SyncStateSet {
  readonly selfId: number
  /** haMaxTimeSlaveNotCatchup */
  readonly #lagMaxMs: () => number
  readonly #replicas = new Map<number, Replica>()
  #members: ReadonlySet<number>
  /** Asked for since the members were agreed to: any of these may have become the set. */
  #asked = new Set<number>()
  #epoch: number
  #sinceMs: number
  #confirmOffset: number
  #counting: readonly number[] = []
  #inSyncCount = 1
  #hasJoining = false

  /**
   * A master's term begins. `confirmOffset`: what is confirmed already.
   */
  constructor(
    selfId: number,
    members: ReadonlySet<number>,
    epoch: number,
    confirmOffset: number,
    nowMs: number,
    lagMaxMs: () => number,
  ) {
    this.selfId = selfId
    this.#members = new Set([...members, selfId])
    this.#epoch = epoch
    this.#confirmOffset = confirmOffset
    this.#sinceMs = nowMs
    this.#lagMaxMs = lagMaxMs
    this.#recount()
  }

  /** What the controllers agreed to. */
  get members(): ReadonlySet<number> {
    return this.#members
  }

  get epoch(): number {
    return this.#epoch
  }

  /** Whether replicas that are no members are about to be. */
  get hasJoining(): boolean {
    return this.#hasJoining
  }

  /** Who has to have a message before it is confirmed, this master included. */
  get counting(): ReadonlySet<number> {
    return new Set([this.selfId, ...this.#counting])
  }

  /** Everything below is on all that count. Never goes back. */
  get confirmOffset(): number {
    return this.#confirmOffset
  }

  connected(brokerId: number, isLearner: boolean, nowMs: number): void {
    this.#replicas.set(brokerId, {
      isConnected: true,
      isLearner,
      // What it held when it was here before it may have lost since.
      ackOffset: 0,
      connectedMs: nowMs,
      caughtUpMs: Number.NEGATIVE_INFINITY,
      markOffset: Number.POSITIVE_INFINITY,
      markMs: nowMs,
      joiningSinceMs: undefined,
      joinOffset: 0,
    })
    this.#recount()
  }

  disconnected(brokerId: number): void {
    const replica = this.#replicas.get(brokerId)
    if (replica === undefined) return
    replica.isConnected = false
    replica.joiningSinceMs = undefined
    // What a stranger held matters to nobody.
    if (!this.#members.has(brokerId) && !this.#asked.has(brokerId)) this.#replicas.delete(brokerId)
    this.#recount()
  }

  /** A replica holds the log up to `ackOffset`; the master's ends at `endOffset`, its epoch began at `epochStartOffset`. */
  acked(brokerId: number, ackOffset: number, endOffset: number, epochStartOffset: number, nowMs: number): void {
    const replica = this.#replicas.get(brokerId)
    if (replica === undefined) return
    replica.ackOffset = ackOffset
    if (ackOffset >= endOffset) replica.caughtUpMs = nowMs
    else if (ackOffset >= replica.markOffset) replica.caughtUpMs = Math.max(replica.caughtUpMs, replica.markMs)
    if (ackOffset >= replica.markOffset || replica.markOffset === Number.POSITIVE_INFINITY) {
      replica.markOffset = endOffset
      replica.markMs = nowMs
    }
    if (this.#mayJoin(brokerId, replica, epochStartOffset, nowMs)) {
      replica.joiningSinceMs = nowMs
      replica.joinOffset = this.#confirmOffset
      this.#recount()
    }
  }

  #mayJoin(brokerId: number, replica: Replica, epochStartOffset: number, nowMs: number): boolean {
    if (replica.isLearner || replica.joiningSinceMs !== undefined || this.#members.has(brokerId)) return false
    if (replica.ackOffset < epochStartOffset) return false
    return replica.ackOffset >= this.#confirmOffset || nowMs - replica.caughtUpMs <= JOIN_LAG_MAX_MS
  }

  /** Moves the confirmed offset on; `ownOffset` is what this master itself holds as safely as it wants messages to be. */
  advance(ownOffset: number): number {
    const offset = Math.min(ownOffset, this.ackedByAll)
    if (offset > this.#confirmOffset) this.#confirmOffset = offset
    return this.#confirmOffset
  }

  /** What all replicas that count hold, but for this master; without such, everything. */
  get ackedByAll(): number {
    let offset = Number.MAX_SAFE_INTEGER
    for (const brokerId of this.#counting) offset = Math.min(offset, this.#replicas.get(brokerId)?.ackOffset ?? 0)
    return offset
  }

  /** What at least `count` of the replicas that count, but for this master, hold; 0 when there are fewer. */
  ackedBy(count: number): number {
    if (count < 1) return Number.MAX_SAFE_INTEGER
    const offsets: number[] = []
    for (const brokerId of this.#counting) {
      const replica = this.#replicas.get(brokerId)
      if (replica?.isConnected) offsets.push(replica.ackOffset)
    }
    return offsets.sort((a, b) => b - a)[count - 1] ?? 0
  }

  /** Replicas that count and are there, this master included. */
  get inSyncCount(): number {
    return this.#inSyncCount
  }

  /**
   * The set as it should be: without members that went or lag behind, with replicas that hold everything confirmed.
   * Undefined if it is that already. The members themselves, when a replica that was asked for is not wanted any more: the
   * answer tells whether it has become one. `endOffset`: end of the master's log.
   */
  wanted(endOffset: number, nowMs: number): ReadonlySet<number> | undefined {
    const wanted = new Set([this.selfId])
    for (const brokerId of this.#members) {
      if (brokerId !== this.selfId && this.#staysMember(brokerId, endOffset, nowMs)) wanted.add(brokerId)
    }
    for (const [brokerId, replica] of this.#replicas) {
      if (replica.joiningSinceMs === undefined || this.#members.has(brokerId)) continue
      if (replica.ackOffset >= replica.joinOffset) wanted.add(brokerId)
    }
    const isUncertain = [...this.#asked].some((brokerId) => !wanted.has(brokerId))
    return isSame(wanted, this.#members) && !isUncertain ? undefined : wanted
  }

  #staysMember(brokerId: number, endOffset: number, nowMs: number): boolean {
    const replica = this.#replicas.get(brokerId)
    if (replica === undefined) return nowMs - this.#sinceMs <= RECONNECT_GRACE_MS
    if (!replica.isConnected || replica.isLearner) return false
    const lagMs = nowMs - Math.max(replica.caughtUpMs, replica.connectedMs)
    return replica.ackOffset >= endOffset || lagMs <= this.#lagMaxMs()
  }

  /** Lets go of replicas that wanted to join and do not get there. */
  keepHouse(nowMs: number): void {
    for (const replica of this.#replicas.values()) {
      const { joiningSinceMs, joinOffset, ackOffset } = replica
      if (joiningSinceMs === undefined || ackOffset >= joinOffset || nowMs - joiningSinceMs <= JOIN_WAIT_MAX_MS)
        continue
      replica.joiningSinceMs = undefined
    }
    this.#recount()
  }

  /** The controllers are asked for this set: from now on it counts as if it were agreed to, beside what is. */
  asked(wanted: ReadonlySet<number>): void {
    for (const brokerId of wanted) this.#asked.add(brokerId)
    this.#recount()
  }

  /**
   * The controllers, whose set is of `epoch`, refused what was asked for, all of it: none of it can become the set any more.
   * False when theirs is another one than is known here: something that was asked for came true.
   */
  refused(epoch: number): boolean {
    if (epoch !== this.#epoch) return false
    this.#asked.clear()
    this.#recount()
    return true
  }

  /** What the controllers hold now. False for what is known, or older: a set asked for later may still come true. */
  agreed(members: ReadonlySet<number>, epoch: number, nowMs: number): boolean {
    if (epoch <= this.#epoch) return false
    this.#epoch = epoch
    this.#members = new Set([...members, this.selfId])
    this.#asked.clear()
    this.#sinceMs = nowMs
    for (const brokerId of this.#members) {
      const replica = this.#replicas.get(brokerId)
      if (replica !== undefined) replica.joiningSinceMs = undefined
    }
    this.#recount()
    return true
  }

  #recount(): void {
    const counting = new Set([...this.#members, ...this.#asked])
    this.#hasJoining = false
    for (const [brokerId, { joiningSinceMs }] of this.#replicas) {
      if (joiningSinceMs === undefined) continue
      counting.add(brokerId)
      this.#hasJoining = true
    }
    counting.delete(this.selfId)
    this.#counting = [...counting].sort((a, b) => a - b)
    // Looked at for each message.
    this.#inSyncCount = 1 + this.#counting.filter((brokerId) => this.#replicas.get(brokerId)?.isConnected).length
  }

  /** For scripts and logs: `members 1 2, counting 1 2 3, confirmed 500`. */
  toString(): string {
    const text = (ids: ReadonlySet<number>) => [...ids].sort((a, b) => a - b).join(' ')
    return `members ${text(this.#members)}, counting ${text(this.counting)}, confirmed ${this.#confirmOffset}`
  }
}

export function isSame(left: ReadonlySet<number>, right: ReadonlySet<number>): boolean {
  return left.size === right.size && [...left].every((one) => right.has(one))
}
