import { encodeSyncStateSet } from '../codec/controller/sync-state-set.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import type { RemotingClient } from '../net/remoting-client.ts'
import type { Logger } from '../observe/logger.ts'
import type { LiveBroker } from './liveness/live-broker.ts'
import type { LiveTable } from './liveness/live-table.ts'
import { type BrokerGroup, masterAddressOf } from './state/broker-group.ts'

/** Connections being opened at once: a rack that fails must not cost thousands of sockets. */
const SENDING_MAX = 256

interface Notice {
  readonly broker: LiveBroker
  readonly address: string
  readonly group: BrokerGroup
}

/**
 * Tells brokers who is master now (NOTIFY_BROKER_ROLE_CHANGED, oneway), on a connection of its own to the broker's port. A notice that is lost is
 * made good when the broker asks for its replica info, or when its heartbeats go on with the old epoch after a failure
 * that was noticed here.
 */
export class RoleNotifier {
  readonly #client: RemotingClient
  readonly #live: LiveTable
  readonly #logger: Logger
  /** By address, so that a newer notice takes the place of one that has not left. */
  readonly #waiting = new Map<string, Notice>()
  #sending = 0

  constructor(client: RemotingClient, live: LiveTable, logger: Logger) {
    this.#client = client
    this.#live = live
    this.#logger = logger
  }

  /** Tells all brokers of the group that live. */
  notifyAll(group: BrokerGroup): void {
    for (const { brokerId } of group.replicas) {
      const broker = this.#live.find(group.brokerName, brokerId)
      if (broker?.isAlive) this.notify(group, broker)
    }
  }

  /** Tells one broker, unless it has been told already. */
  notify(group: BrokerGroup, broker: LiveBroker): void {
    const address = group.replicas.find(({ brokerId }) => brokerId === broker.brokerId)?.address
    if (address === undefined || group.masterBrokerId === undefined) return
    if (broker.notifiedEpoch >= group.masterEpoch) return
    broker.notifiedEpoch = group.masterEpoch
    this.#waiting.set(address, { broker, address, group })
    this.#next()
  }

  #next(): void {
    for (const [address, notice] of this.#waiting) {
      if (this.#sending >= SENDING_MAX) return
      this.#waiting.delete(address)
      this.#send(notice)
    }
  }

  #send({ broker, address, group }: Notice): void {
    this.#sending++
    const { masterBrokerId, masterEpoch, syncStateSet, syncStateSetEpoch } = group
    const fields = { masterAddress: masterAddressOf(group), masterBrokerId, masterEpoch, syncStateSetEpoch }
    const body = encodeSyncStateSet({ syncStateSet, syncStateSetEpoch })
    this.#client
      .sendOneway(address, { code: RequestCode.NOTIFY_BROKER_ROLE_CHANGED, fields, body })
      .then(
        () => this.#client.end(address),
        (error) => {
          const { brokerName, brokerId } = broker
          this.#logger.warn(
            { brokerName, brokerId, address, masterEpoch, error: String(error) },
            'cannot tell a broker its new role',
          )
          if (broker.notifiedEpoch === masterEpoch) broker.notifiedEpoch = 0
        },
      )
      .finally(() => {
        this.#sending--
        this.#next()
      })
  }
}
