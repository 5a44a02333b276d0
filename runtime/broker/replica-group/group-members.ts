import { asObject, objectField, textField } from '../../codec/json/json-fields.ts'
import { parseJson } from '../../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'

export interface GroupMembersConfig {
  readonly brokerClusterName: string
  readonly brokerName: string
  readonly brokerId: number
  readonly lockInStrictMode: boolean
  readonly syncBrokerMemberGroupPeriod: number
}

export interface GroupMembersParts {
  readonly config: Current<GroupMembersConfig>
  readonly clock: Clock
  readonly logger: Logger
  /** `host:port` of each name server. */
  readonly nameServers: readonly string[]
  /** Sends a request and gives its answer; rejects when there is none. */
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
}

/** As official brokers wait for GET_BROKER_MEMBER_GROUP. */
const TIMEOUT_MS = 3_000

/** The other brokers of this broker's group, as the name servers know them. Asked for only where somebody needs them. */
export class GroupMembers {
  readonly #parts: GroupMembersParts
  #addresses: readonly string[] = []
  #timer: Timer | undefined
  #isAsking = false
  #problem = ''

  constructor(parts: GroupMembersParts) {
    this.#parts = parts
  }

  /** Addresses of the others; those last known while no name server answers. */
  get others(): readonly string[] {
    return this.#addresses
  }

  start(): void {
    const { config, clock, nameServers } = this.#parts
    const { lockInStrictMode, syncBrokerMemberGroupPeriod } = config.current
    if (!lockInStrictMode || nameServers.length === 0) return
    this.#timer = clock.every(syncBrokerMemberGroupPeriod, () => void this.refresh())
    void this.refresh()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** Asks one name server after the other until one answers. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    let problem = ''
    for (const address of this.#parts.nameServers) {
      try {
        this.#addresses = await this.#ask(address)
        problem = ''
        break
      } catch (error) {
        problem = `${address}: ${String(error)}`
      }
    }
    // The same problem again and again is one line.
    if (problem !== '' && problem !== this.#problem) {
      this.#parts.logger.warn({ problem }, 'members of the broker group not known')
    }
    this.#problem = problem
    this.#isAsking = false
  }

  async #ask(address: string): Promise<string[]> {
    const { brokerClusterName: clusterName, brokerName, brokerId } = this.#parts.config.current
    const request = { code: RequestCode.GET_BROKER_MEMBER_GROUP, fields: { clusterName, brokerName } }
    const { code, remark, body } = await this.#parts.invoke(address, request, TIMEOUT_MS)
    if (code !== ResponseCode.SUCCESS) throw new Error(`${responseCodeName(code)} ${remark ?? ''}`)
    const group = objectField(asObject(parseJson(body?.toString() ?? '{}'), 'member group'), 'brokerMemberGroup') ?? {}
    const addresses = objectField(group, 'brokerAddrs') ?? {}
    return Object.keys(addresses)
      .filter((id) => Number(id) !== brokerId)
      .map((id) => textField(addresses, id))
      .filter((member) => member !== undefined)
  }
}
