import { asObject, integerKeyed, objectField, textField } from '../../codec/json/json-fields.ts'
import { parseJson } from '../../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import { readRouteData } from '../../codec/route/route-data.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'
import { SYNC_BROKER_MEMBER_PREFIX } from '../topics/topic-name.ts'

export interface GroupMembersConfig {
  readonly brokerClusterName: string
  readonly brokerName: string
  readonly brokerId: number
  readonly lockInStrictMode: boolean
  readonly enableSlaveActingMaster: boolean
  readonly compatibleWithOldNameSrv: boolean
  readonly syncBrokerMemberGroupPeriod: number
  /** `host:port` of each name server. */
  readonly namesrvAddr: readonly string[]
}

export interface GroupMembersParts {
  readonly config: Current<GroupMembersConfig>
  readonly clock: Clock
  readonly logger: Logger
  /** Sends a request and gives its answer; rejects when there is none. */
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
}

/** As official brokers wait for GET_BROKER_MEMBER_GROUP. */
const TIMEOUT_MS = 3_000

type Members = ReadonlyMap<number, string>

/** The brokers of this broker's group, as the name servers know them. Asked for only where somebody needs them. */
export class GroupMembers {
  readonly #parts: GroupMembersParts
  readonly #listeners: ((members: Members) => void)[] = []
  #members: Members = new Map()
  #timer: Timer | undefined
  #asking: Promise<boolean> | undefined
  #problem = ''

  constructor(parts: GroupMembersParts) {
    this.#parts = parts
  }

  /** Address of each broker that is registered, by its id; those last known while no name server answers. */
  get all(): Members {
    return this.#members
  }

  /** Addresses of the others. */
  get others(): readonly string[] {
    const { brokerId } = this.#parts.config.current
    return [...this.#members].filter(([id]) => id !== brokerId).map(([, address]) => address)
  }

  /** Told after every answer of a name server, also when it says what the one before said. */
  onAnswer(listener: (members: Members) => void): void {
    this.#listeners.push(listener)
  }

  start(): void {
    const { config, clock } = this.#parts
    const { lockInStrictMode, enableSlaveActingMaster, syncBrokerMemberGroupPeriod, namesrvAddr } = config.current
    if (!(lockInStrictMode || enableSlaveActingMaster) || namesrvAddr.length === 0) return
    this.#timer = clock.every(syncBrokerMemberGroupPeriod, () => void this.refresh())
    void this.refresh()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** Asks one name server after the other until one answers, and returns whether one did. Never rejects. */
  refresh(): Promise<boolean> {
    this.#asking ??= this.#refresh().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #refresh(): Promise<boolean> {
    let problem = ''
    for (const address of this.#parts.config.current.namesrvAddr) {
      try {
        this.#members = await this.#ask(address)
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
    if (problem === '') for (const listener of this.#listeners) listener(this.#members)
    return problem === ''
  }

  async #ask(address: string): Promise<Members> {
    const { brokerClusterName: clusterName, brokerName, compatibleWithOldNameSrv } = this.#parts.config.current
    const request = { code: RequestCode.GET_BROKER_MEMBER_GROUP, fields: { clusterName, brokerName } }
    const { code, remark, body } = await this.#parts.invoke(address, request, TIMEOUT_MS)
    if (code === ResponseCode.REQUEST_CODE_NOT_SUPPORTED && compatibleWithOldNameSrv) return this.#askOld(address)
    if (code !== ResponseCode.SUCCESS) throw new Error(`${responseCodeName(code)} ${remark ?? ''}`)
    const group = objectField(asObject(parseJson(body?.toString() ?? '{}'), 'member group'), 'brokerMemberGroup') ?? {}
    const addresses = objectField(group, 'brokerAddrs') ?? {}
    const members = integerKeyed(addresses).map(([id]) => [id, textField(addresses, String(id))] as const)
    return new Map(members.filter((member): member is [number, string] => member[1] !== undefined))
  }

  /** A name server from before 5.0 tells it by the route of a topic that each broker of the group has for this. */
  async #askOld(address: string): Promise<Members> {
    const { brokerClusterName, brokerName } = this.#parts.config.current
    const fields = { topic: SYNC_BROKER_MEMBER_PREFIX + brokerName }
    const { code, remark, body } = await this.#parts.invoke(
      address,
      { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields },
      TIMEOUT_MS,
    )
    // Nobody has registered yet.
    if (code === ResponseCode.TOPIC_NOT_EXIST) return new Map()
    if (code !== ResponseCode.SUCCESS) throw new Error(`${responseCodeName(code)} ${remark ?? ''}`)
    const { brokerDatas } = readRouteData(parseJson(body?.toString() ?? '{}'))
    const own = brokerDatas.find((group) => group.brokerName === brokerName && group.cluster === brokerClusterName)
    return own?.brokerAddrs ?? new Map()
  }
}
