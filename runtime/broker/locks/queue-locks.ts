import type { Clock } from '../../io/clock.ts'
import type { MessageQueue } from '../metadata/message-queue.ts'

/** rocketmq.broker.rebalance.lockMaxLiveTime: clients renew their locks every 20 s. */
const LOCK_LIFE_MS = 60_000

interface Lock {
  readonly clientId: string
  readonly renewedMs: number
}

/** Which client may consume which queue of an orderly group: one at a time, until it gives the lock up or falls silent. */
export class QueueLocks {
  readonly #clock: Clock
  readonly #groups = new Map<string, Map<string, Lock>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Locks or renews what is free, expired or the client's own; returns those it now holds. */
  lock(group: string, queues: readonly MessageQueue[], clientId: string): MessageQueue[] {
    const renewedMs = this.#clock.now()
    let locks = this.#groups.get(group)
    if (!locks) {
      locks = new Map()
      this.#groups.set(group, locks)
    }
    const held: MessageQueue[] = []
    for (const queue of queues) {
      const key = queueKey(queue)
      const lock = locks.get(key)
      if (lock && lock.clientId !== clientId && !isExpired(lock, renewedMs)) continue
      locks.set(key, { clientId, renewedMs })
      held.push(queue)
    }
    return held
  }

  /** Gives up those the client holds. */
  unlock(group: string, queues: readonly MessageQueue[], clientId: string): void {
    const locks = this.#groups.get(group)
    if (!locks) return
    for (const queue of queues) {
      const key = queueKey(queue)
      if (locks.get(key)?.clientId === clientId) locks.delete(key)
    }
    if (locks.size === 0) this.#groups.delete(group)
  }

  isLocked(group: string, queue: MessageQueue, clientId: string): boolean {
    const lock = this.#groups.get(group)?.get(queueKey(queue))
    return lock !== undefined && lock.clientId === clientId && !isExpired(lock, this.#clock.now())
  }

  /** Whether somebody holds a lock: the group consumes in order. */
  isInUse(group: string): boolean {
    const locks = this.#groups.get(group)
    if (locks === undefined) return false
    const now = this.#clock.now()
    for (const lock of locks.values()) if (!isExpired(lock, now)) return true
    return false
  }

  /** Forgets expired locks. */
  expire(): void {
    const now = this.#clock.now()
    for (const [group, locks] of this.#groups) {
      for (const [key, lock] of locks) if (isExpired(lock, now)) locks.delete(key)
      if (locks.size === 0) this.#groups.delete(group)
    }
  }
}

function isExpired(lock: Lock, nowMs: number): boolean {
  return nowMs - lock.renewedMs > LOCK_LIFE_MS
}

function queueKey({ brokerName, queueId, topic }: MessageQueue): string {
  return `${brokerName}@${queueId}@${topic}`
}
