import type { Timer } from '../../io/clock.ts'
import type { Address, Connection, ConnectionEvents, Listener } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import type { ReplicatedLog, SlaveProgress } from '../replicated-log.ts'
import { HOUSEKEEPING_PERIOD_MS, type ReplicationOptions, SLAVES_MAX } from './replication-options.ts'
import { SlaveLink, type SlaveLinkOwner } from './slave-link.ts'

/** Serves the commit log to slaves on haListenPort (official: DefaultHAService and GroupTransferService). */
export class HaMaster implements SlaveProgress, SlaveLinkOwner {
  readonly divergedOffsets = new Set<number>()
  readonly #context: NetContext
  readonly #log: ReplicatedLog
  readonly #options: ReplicationOptions
  readonly #links = new Set<SlaveLink>()
  readonly #listeners: (() => void)[] = []
  #listener: Listener | undefined
  #timer: Timer | undefined
  /** Acknowledged offsets in descending order; rebuilt when one changes. */
  #acked: number[] = []

  constructor(context: NetContext, log: ReplicatedLog, options: ReplicationOptions) {
    this.#context = context
    this.#log = log
    this.#options = options
  }

  get links(): ReadonlySet<SlaveLink> {
    return this.#links
  }

  async listen(address: Address): Promise<Address> {
    this.#listener = await this.#context.network.listen(address, (connection) => this.#accept(connection))
    this.#timer = this.#context.clock.every(HOUSEKEEPING_PERIOD_MS, () => this.#keepHouse())
    return this.#listener.address
  }

  close(): void {
    this.#timer?.cancel()
    this.#listener?.close()
    for (const link of this.#links) link.destroy()
  }

  /** Called after each batch was written: every slave gets it in this turn. */
  pushAll(): void {
    for (const link of this.#links) link.push()
  }

  ackedBy(slaves: number): number {
    return slaves < 1 ? this.#log.writtenOffset : (this.#acked[slaves - 1] ?? 0)
  }

  inSyncSlaves(masterOffset: number): number {
    let count = 0
    for (const { ackOffset } of this.#links) {
      if (ackOffset >= 0 && masterOffset - ackOffset < this.#options.haMaxGapNotInSync) count++
    }
    return count
  }

  onProgress(listener: () => void): void {
    this.#listeners.push(listener)
  }

  onAck(_link: SlaveLink): void {
    this.#rankAcks()
    for (const listener of this.#listeners) listener()
  }

  onClosed(link: SlaveLink, error: Error | undefined): void {
    this.#links.delete(link)
    this.#rankAcks()
    this.#context.logger.info({ slave: link.remoteText, reason: error?.message }, 'slave disconnected')
    for (const listener of this.#listeners) listener()
  }

  #accept(connection: Connection): ConnectionEvents {
    const link = new SlaveLink(connection, this.#context, this.#log, this.#options, this)
    if (this.#links.size >= SLAVES_MAX) link.destroy(new Error(`more than ${SLAVES_MAX} replication connections`))
    this.#links.add(link)
    return link
  }

  #rankAcks(): void {
    this.#acked = []
    for (const { ackOffset } of this.#links) if (ackOffset >= 0) this.#acked.push(ackOffset)
    this.#acked.sort((a, b) => b - a)
  }

  #keepHouse(): void {
    const now = this.#context.clock.monotonic()
    for (const link of this.#links) link.keepHouse(now)
  }
}
