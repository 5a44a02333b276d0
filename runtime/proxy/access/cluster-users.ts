import { AccessTables } from '../../auth/access-tables.ts'
import { tableCopies } from '../../auth/table-copies.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { MASTER_ID } from '../../codec/route/route-data.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'

const TIMEOUT_MS = 3000
/** Whoever asks with a wrong signature, again and again, makes no more questions to brokers than this. */
const AGAIN_AFTER_MS = 1000

/**
 * The users and policies of a cluster, kept equal to those of one of its brokers (official: they are asked for one by
 * one, ClusterMetadataService). When no broker answers, what is known stays in use.
 */
export class ClusterUsers {
  readonly tables = new AccessTables()
  readonly #copies = tableCopies(this.tables)
  readonly #gateway: BrokerGateway
  readonly #cluster: string
  readonly #clock: Clock
  readonly #logger: Logger
  #isKnown = false
  #askedMs = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined

  constructor(gateway: BrokerGateway, cluster: string, clock: Clock, logger: Logger) {
    this.#gateway = gateway
    this.#cluster = cluster
    this.#clock = clock
    this.#logger = logger
  }

  /** False until a broker has answered for the first time. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  /** Asks a broker now, or waits for the answer to what was asked before. Never rejects. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  /** Something was refused: users may have changed. Undefined when that was asked a moment ago. */
  doubt(): Promise<void> | undefined {
    if (this.#asking !== undefined) return this.#asking
    return this.#clock.monotonic() - this.#askedMs < AGAIN_AFTER_MS ? undefined : this.refresh()
  }

  async #ask(): Promise<void> {
    this.#askedMs = this.#clock.monotonic()
    try {
      await this.#copyFromAny()
      this.#isKnown = true
    } catch (error) {
      const stays = this.#isKnown ? 'those known before stay in use' : 'nobody is served until one does'
      this.#logger.error(
        { cluster: this.#cluster, error: String(error) },
        `no broker tells users and policies, ${stays}: it needs authenticationEnabled, and the user of innerClientAuthenticationCredentials as a super user`,
      )
    }
  }

  async #copyFromAny(): Promise<void> {
    const { data } = await this.#gateway.route(this.#cluster)
    let failure: unknown = new Error(`the cluster ${this.#cluster} has no broker at the moment`)
    for (const { brokerAddrs } of data.brokerDatas) {
      const address = brokerAddrs.get(MASTER_ID) ?? [...brokerAddrs.values()][0]
      if (address === undefined) continue
      try {
        await this.#copyFrom(address)
        return
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  /** Both, or neither: a policy that denies must not be missing where its user is known. */
  async #copyFrom(address: string): Promise<void> {
    const bodies = await Promise.all(
      this.#copies.map(async ({ code }) => {
        const answer = await this.#gateway.invoke(address, { code, fields: { filter: '' } }, TIMEOUT_MS)
        if (answer.code !== ResponseCode.SUCCESS) throw new Error(`${address}: code ${answer.code}, ${answer.remark}`)
        return answer.body ?? EMPTY_LIST
      }),
    )
    for (const [i, copy] of this.#copies.entries()) copy.apply(bodies[i]!)
  }
}

const EMPTY_LIST = Buffer.from('[]')
