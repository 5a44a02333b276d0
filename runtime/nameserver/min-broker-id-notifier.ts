import { RequestCode } from '../codec/remoting/request-code.ts'
import type { RemotingClient } from '../net/remoting-client.ts'
import type { Logger } from '../observe/logger.ts'
import type { MinBrokerIdChange } from './route-table/route-table.ts'

/** Tells the members of a broker group which of them has the smallest id now (oneway; a lost one is made good by their poll). */
export class MinBrokerIdNotifier {
  readonly #client: RemotingClient
  readonly #logger: Logger

  constructor(client: RemotingClient, logger: Logger) {
    this.#client = client
    this.#logger = logger
  }

  notify(change: MinBrokerIdChange): void {
    const minBrokerId = Math.min(...change.brokerAddrs.keys())
    const minBrokerAddr = change.brokerAddrs.get(minBrokerId)
    const { offlineBrokerAddr, haBrokerAddr } = change
    const fields = { minBrokerId, minBrokerAddr, offlineBrokerAddr, haBrokerAddr }
    for (const address of receivers(change, minBrokerId)) {
      this.#client.sendOneway(address, { code: RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, fields }).catch((error) => {
        this.#logger.warn({ address, minBrokerId, error: String(error) }, 'cannot tell a broker its new smallest id')
      })
    }
  }
}

/** After a departure everybody left; after an arrival everybody but the one that has just arrived. */
function receivers({ brokerAddrs, offlineBrokerAddr }: MinBrokerIdChange, minBrokerId: number): string[] {
  const all = [...brokerAddrs]
  const told = offlineBrokerAddr !== undefined || all.length === 1 ? all : all.filter(([id]) => id !== minBrokerId)
  return told.map(([, address]) => address)
}
