import { asObject, objectField } from '../../codec/json/json-fields.ts'
import { parseJson } from '../../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import { MASTER_ID, readBrokerData, readRouteData, type TopicQueueMapping } from '../../codec/route/route-data.ts'
import type { Clock } from '../../io/clock.ts'
import type { Current } from '../metadata/current.ts'

export interface OtherBrokersParts {
  readonly config: Current<{
    /** `host:port` of each name server. */
    readonly namesrvAddr: readonly string[]
    /** Milliseconds. */
    readonly forwardTimeout: number
  }>
  readonly clock: Clock
  /** Sends a request and gives its answer; rejects when there is none. */
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
}

const MASTERS_KEPT_MS = 5_000

/** The masters of other broker groups by name, looked up when one is needed (official: RpcClientImpl, ClientMetadata). */
export class OtherBrokers {
  readonly #parts: OtherBrokersParts
  #masters: ReadonlyMap<string, string> = new Map()
  #untilMs = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined

  constructor(parts: OtherBrokersParts) {
    this.#parts = parts
  }

  /** @throws Error when no name server knows the group's master, or it does not answer */
  async invoke(brokerName: string, request: RequestDraft): Promise<RemotingCommand> {
    const { clock, invoke, config } = this.#parts
    if (this.#untilMs <= clock.monotonic() || !this.#masters.has(brokerName)) await this.#refresh()
    const master = this.#masters.get(brokerName)
    if (master === undefined) throw new Error(`cannot find addr for broker ${brokerName}`)
    try {
      return await invoke(master, request, config.current.forwardTimeout)
    } catch (error) {
      // Its group may have another master by now.
      this.#untilMs = Number.NEGATIVE_INFINITY
      throw error
    }
  }

  /** What the brokers of a static topic have told the name servers. @throws Error when none of these answers */
  async mappingsOf(topic: string): Promise<TopicQueueMapping[]> {
    const fields = { topic, acceptStandardJsonOnly: true }
    const body = await this.#askNameServers({ code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields })
    return [...(readRouteData(parseJson(body.toString())).topicQueueMappingByBroker?.values() ?? [])]
  }

  #refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(): Promise<void> {
    this.#masters = mastersIn(await this.#askNameServers({ code: RequestCode.GET_BROKER_CLUSTER_INFO }))
    this.#untilMs = this.#parts.clock.monotonic() + MASTERS_KEPT_MS
  }

  /** The body of the first answer. @throws Error */
  async #askNameServers(request: RequestDraft): Promise<Buffer> {
    const { config, invoke } = this.#parts
    let problem = 'namesrvAddr is empty'
    for (const address of config.current.namesrvAddr) {
      try {
        const { code, remark, body } = await invoke(address, request, config.current.forwardTimeout)
        if (code === ResponseCode.SUCCESS && body !== undefined) return body
        problem = `${address}: ${responseCodeName(code)} ${remark ?? ''}`
      } catch (error) {
        problem = `${address}: ${error instanceof Error ? error.message : String(error)}`
      }
    }
    throw new Error(`no name server says where other brokers are: ${problem}`)
  }
}

/** @throws JsonSyntaxError, JsonFieldError */
function mastersIn(body: Buffer): Map<string, string> {
  const masters = new Map<string, string>()
  const groups = objectField(asObject(parseJson(body.toString()), 'cluster info'), 'brokerAddrTable') ?? {}
  for (const [name, group] of Object.entries(groups)) {
    const master = readBrokerData(group).brokerAddrs.get(MASTER_ID)
    if (master !== undefined) masters.set(name, master)
  }
  return masters
}
