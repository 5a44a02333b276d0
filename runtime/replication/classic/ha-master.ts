import type { Address, Connection } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import { SlaveServer } from '../link/slave-server.ts'
import type { ReplicatedLog, SlaveProgress } from '../replicated-log.ts'
import type { ReplicationOptions } from './replication-options.ts'
import { SlaveLink, type SlaveLinkOwner } from './slave-link.ts'

/** Serves the commit log to slaves on haListenPort (official: DefaultHAService and GroupTransferService). */
export class HaMaster implements SlaveProgress, SlaveLinkOwner {
  readonly divergedOffsets = new Set<number>()
  readonly #context: NetContext
  readonly #log: ReplicatedLog
  readonly #options: ReplicationOptions
  readonly #server: SlaveServer<SlaveLink>
  readonly #listeners: (() => void)[] = []
  /** Acknowledged offsets in descending order; rebuilt when one changes. */
  #acked: number[] = []

  constructor(context: NetContext, log: ReplicatedLog, options: ReplicationOptions) {
    this.#context = context
    this.#log = log
    this.#options = options
    this.#server = new SlaveServer(context, (connection) => this.#serve(connection))
  }

  get links(): ReadonlySet<SlaveLink> {
    return this.#server.slaves
  }

  listen(address: Address): Promise<Address> {
    return this.#server.listen(address)
  }

  close(): void {
    this.#server.close()
  }

  /** Called after each batch was written: every slave gets it in this turn. */
  pushAll(): void {
    for (const link of this.links) link.push()
  }

  /**
   * A slave that connects anew while its old connection still stands must not count as two. Slaves do not say who they are,
   * and several may run on one machine: older connections from there count again with their next report, which one that
   * nobody uses any more never sends.
   */
  #serve(connection: Connection): SlaveLink {
    const link = new SlaveLink(connection, this.#context, this.#log, this.#options, this)
    for (const older of this.links) if (older.remoteHost === link.remoteHost) older.doubt()
    this.#rankAcks()
    return link
  }

  ackedBy(slaves: number): number {
    return slaves < 1 ? this.#log.writtenOffset : (this.#acked[slaves - 1] ?? 0)
  }

  inSyncSlaves(masterOffset: number): number {
    let count = 0
    for (const { countedOffset } of this.links) {
      if (countedOffset >= 0 && masterOffset - countedOffset < this.#options.haMaxGapNotInSync) count++
    }
    return count
  }

  /** Slaves that have reported, on a connection that is surely in use, and lack something of what is written. */
  get behind(): SlaveLink[] {
    return [...this.links].filter((link) => link.countedOffset >= 0 && link.countedOffset < this.#log.writtenOffset)
  }

  onProgress(listener: () => void): void {
    this.#listeners.push(listener)
  }

  onAck(_link: SlaveLink): void {
    this.#rankAcks()
    for (const listener of this.#listeners) listener()
  }

  onClosed(link: SlaveLink, error: Error | undefined): void {
    this.#server.slaves.delete(link)
    this.#rankAcks()
    this.#context.logger.info({ slave: link.remoteText, reason: error?.message }, 'slave disconnected')
    for (const listener of this.#listeners) listener()
  }

  #rankAcks(): void {
    this.#acked = []
    for (const { countedOffset } of this.links) if (countedOffset >= 0) this.#acked.push(countedOffset)
    this.#acked.sort((a, b) => b - a)
  }
}
