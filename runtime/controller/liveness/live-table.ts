import type { Channel } from '../../net/channel.ts'
import type { BrokerGroup } from '../state/broker-group.ts'
import type { Life, ReplicaReport } from '../state/replica-report.ts'
import { attach, brokersOf, detach } from './brokers-of-channel.ts'
import { DEFAULT_TIMEOUT_MS, LiveBroker, LOWEST_PRIORITY } from './live-broker.ts'
import { TICK_MS, Uptime } from './uptime.ts'

/**
 * For this long after a controller has started, or was cut off from all brokers, one that it does not hear of is not
 * taken for dead. Official brokers look for controllers every 3 s and then send a heartbeat every second.
 */
const GRACE_MAX_MS = DEFAULT_TIMEOUT_MS
/** The same where the brokers of the group have asked for shorter timeouts than the default. */
const GRACE_MIN_MS = 5000

/**
 * Which brokers live, as far as this controller can tell by their heartbeats: they go to every controller and are not
 * agreed on (source: DefaultBrokerHeartbeatManager). Only brokers in the books are kept, so that they bound the table.
 */
export class LiveTable {
  /** By broker name. No sets and no keys of bytes here: a quorum may serve 30,000 brokers. */
  readonly #groups = new Map<string, LiveBroker[]>()
  readonly #uptime: Uptime
  /** Counts the times this controller has begun to hear brokers; who was found gone before may not be. */
  #hearing = 0
  /** Uptime.ms when that was. */
  #graceStartMs = 0
  #isGraceEnding = false
  #hasHeard = false
  #aliveCount = 0

  constructor(nowMs: number) {
    this.#uptime = new Uptime(nowMs)
  }

  /** With the last tick, brokers that are not heard of have become gone. */
  get isGraceEnding(): boolean {
    return this.#isGraceEnding
  }

  get aliveCount(): number {
    return this.#aliveCount
  }

  find(brokerName: string, brokerId: number): LiveBroker | undefined {
    return this.#groups.get(brokerName)?.find((broker) => broker.brokerId === brokerId)
  }

  /** A broker of the books that is heard of for the first time. */
  add(brokerName: string, brokerId: number): LiveBroker {
    const broker = new LiveBroker(brokerName, brokerId)
    const brokers = this.#groups.get(brokerName)
    if (brokers) brokers.push(broker)
    else this.#groups.set(brokerName, [broker])
    return broker
  }

  /** A heartbeat has come, whose content has been put into the broker. True when the broker was not alive before. */
  heard(broker: LiveBroker, channel: Channel): boolean {
    broker.heardMs = this.#uptime.ms
    if (broker.channel !== channel) {
      this.#detach(broker)
      broker.channel = channel
      attach(channel, broker)
    }
    if (broker.isAlive) return false
    if (this.#aliveCount === 0 && this.#hasHeard) this.#hearAgain()
    this.#hasHeard = true
    broker.isAlive = true
    this.#aliveCount++
    return true
  }

  /** The brokers whose connection this was: they are gone. */
  closed(channel: Channel): LiveBroker[] {
    const brokers = brokersOf(channel)
    const gone = brokers.filter((broker) => broker.isAlive)
    for (const broker of brokers) this.#detach(broker)
    for (const broker of gone) this.#die(broker)
    return gone
  }

  /** The brokers that have been silent for longer than they asked to be waited for; they are gone. */
  tick(nowMs: number): LiveBroker[] {
    const before = this.#uptime.ms - this.#graceStartMs
    this.#uptime.tick(nowMs)
    const now = this.#uptime.ms
    const sinceGrace = now - this.#graceStartMs
    this.#isGraceEnding = [GRACE_MIN_MS, GRACE_MAX_MS].some((end) => before < end && sinceGrace >= end)
    const gone: LiveBroker[] = []
    for (const brokers of this.#groups.values()) {
      for (const broker of brokers) {
        // A heartbeat counts from the tick before it.
        if (broker.isAlive && now - broker.heardMs >= broker.timeoutMs + TICK_MS) gone.push(broker)
      }
    }
    for (const broker of gone) this.#die(broker)
    return gone
  }

  /** Another process than the one that was heard of has started as this broker. */
  restarted(broker: LiveBroker): void {
    this.#die(broker)
    this.#detach(broker)
  }

  lifeOf(brokerName: string, brokerId: number): Life {
    const broker = this.find(brokerName, brokerId)
    if (broker?.isAlive) return 'alive'
    if (broker?.goneInHearing === this.#hearing) return 'gone'
    return this.#uptime.ms - this.#graceStartMs < this.#graceMs(brokerName) ? 'unheard' : 'gone'
  }

  /** What is known of each replica of a group. */
  reports(group: BrokerGroup): ReplicaReport[] {
    return group.replicas.map(({ brokerId }) => {
      const broker = this.find(group.brokerName, brokerId)
      return {
        brokerId,
        life: this.lifeOf(group.brokerName, brokerId),
        epoch: broker?.epoch ?? -1,
        maxOffset: broker?.maxOffset ?? -1,
        priority: broker?.priority ?? LOWEST_PRIORITY,
      }
    })
  }

  /** The books have changed: brokers that are not in them any more are forgotten. */
  keep(brokerName: string, group: BrokerGroup | undefined): void {
    const brokers = this.#groups.get(brokerName)
    if (!brokers) return
    const kept = brokers.filter((broker) => group?.replicas.some(({ brokerId }) => brokerId === broker.brokerId))
    if (kept.length === brokers.length) return
    for (const broker of brokers) {
      if (kept.includes(broker)) continue
      this.#die(broker)
      this.#detach(broker)
    }
    if (kept.length > 0) this.#groups.set(brokerName, kept)
    else this.#groups.delete(brokerName)
  }

  /** After nobody was heard: it may have been this controller that was cut off. */
  #hearAgain(): void {
    this.#hearing++
    this.#graceStartMs = this.#uptime.ms
  }

  #graceMs(brokerName: string): number {
    let longest = 0
    for (const { timeoutMs } of this.#groups.get(brokerName) ?? []) longest = Math.max(longest, timeoutMs)
    return longest === 0 ? GRACE_MAX_MS : Math.min(Math.max(longest, GRACE_MIN_MS), GRACE_MAX_MS)
  }

  #die(broker: LiveBroker): void {
    if (broker.isAlive) this.#aliveCount--
    broker.isAlive = false
    broker.goneInHearing = this.#hearing
  }

  #detach(broker: LiveBroker): void {
    if (broker.channel) detach(broker.channel, broker)
    broker.channel = undefined
  }
}
