import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../codec/remoting/response-code.ts'
import type { RemotingClient } from '../net/remoting-client.ts'
import type { Logger } from '../observe/logger.ts'
import { type BrokerGroup, masterAddressOf } from './state/broker-group.ts'

/** A master that drains answers within a second; an operator waits for three. */
const TIMEOUT_MS = 1_500

/**
 * Tells a master that another one is about to be elected (PREPARE_HAND_OVER, a request of our own): it lets its replicas
 * get everything before it answers, and takes nothing more. An official broker does not know the request; the election goes
 * on without it, as it does when there is no answer in time.
 */
export class HandOver {
  readonly #client: RemotingClient
  readonly #logger: Logger

  constructor(client: RemotingClient, logger: Logger) {
    this.#client = client
    this.#logger = logger
  }

  /** Never rejects. */
  async prepare(group: BrokerGroup): Promise<void> {
    const { brokerName, masterBrokerId, masterEpoch } = group
    const address = masterAddressOf(group)
    if (masterBrokerId === undefined || address === undefined) return
    const request = { code: RequestCode.PREPARE_HAND_OVER, fields: { brokerName, masterEpoch } }
    try {
      const { code, remark } = await this.#client.invoke(address, request, TIMEOUT_MS)
      if (code === ResponseCode.SUCCESS || code === ResponseCode.REQUEST_CODE_NOT_SUPPORTED) return
      throw new Error(`${responseCodeName(code)}: ${remark ?? ''}`)
    } catch (error) {
      const { message } = error as Error
      this.#logger.warn({ brokerName, master: address, problem: message }, 'the master did not prepare to hand over')
    } finally {
      // Every leader would keep a connection to every master otherwise.
      this.#client.end(address)
    }
  }
}
