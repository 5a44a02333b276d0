import { parseJson } from '../../codec/json/parse-json.ts'
import { encodeProperties, Property } from '../../codec/message/properties.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import { MASTER_ID, PERM_WRITE, readRouteData } from '../../codec/route/route-data.ts'
import type { Clock } from '../../io/clock.ts'
import type { Current } from '../metadata/current.ts'

/** A message that leaves for another broker's log. */
export interface EscapedMessage {
  readonly topic: string
  /** As it was stored; compressed if `sysFlag` says so. */
  readonly body: Buffer
  readonly properties: ReadonlyMap<string, string>
  readonly flag: number
  readonly sysFlag: number
  readonly bornTimestampMs: number
  readonly reconsumeTimes: number
}

export interface EscapeBridgeParts {
  readonly config: Current<{
    readonly brokerName: string
    readonly brokerId: number
    readonly enableRemoteEscape: boolean
    /** `host:port` of each name server. */
    readonly namesrvAddr: readonly string[]
  }>
  readonly clock: Clock
  /** Sends a request and gives its answer; rejects when there is none. */
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
}

interface Target {
  readonly address: string
  readonly queueId: number
}

interface Route {
  readonly targets: readonly Target[]
  readonly untilMs: number
}

const TIMEOUT_MS = 3_000
const ROUTE_KEPT_MS = 5_000
const ROUTES_MAX = 1_000
/** The message is stored, though not as safely as that broker is configured for. */
const STORED: ReadonlySet<number> = new Set([
  ResponseCode.SUCCESS,
  ResponseCode.FLUSH_DISK_TIMEOUT,
  ResponseCode.SLAVE_NOT_AVAILABLE,
  ResponseCode.FLUSH_SLAVE_TIMEOUT,
])

/** Puts messages into the logs of other groups' masters, as producers do (official: EscapeBridge). */
export class EscapeBridge {
  readonly #parts: EscapeBridgeParts
  readonly #routes = new Map<string, Route>()
  #turn = 0

  constructor(parts: EscapeBridgeParts) {
    this.#parts = parts
  }

  /** @throws Error when no master has taken it; it may have been stored all the same when an answer was lost. */
  async put(message: EscapedMessage): Promise<void> {
    if (!this.#parts.config.current.enableRemoteEscape) {
      throw new Error('enableRemoteEscape is false: what is due waits for the master of the group')
    }
    const { topic, body } = message
    const targets = await this.#targets(topic)
    const target = targets[this.#turn++ % targets.length]!
    const request = { code: RequestCode.SEND_MESSAGE_V2, fields: this.#fields(message, target.queueId), body }
    try {
      const { code, remark } = await this.#parts.invoke(target.address, request, TIMEOUT_MS)
      if (!STORED.has(code)) throw new Error(`${target.address} answers ${responseCodeName(code)} ${remark ?? ''}`)
    } catch (error) {
      // It may have gone from there: next time the name servers are asked.
      this.#routes.delete(topic)
      throw error
    }
  }

  /** The one-letter names of SendMessageRequestHeaderV2. */
  #fields(
    { topic, properties, ...message }: EscapedMessage,
    queueId: number,
  ): Record<string, string | number | boolean> {
    const { brokerName, brokerId } = this.#parts.config.current
    const producerGroup = properties.get(Property.producerGroup) ?? `InnerProducerGroup_${brokerName}_${brokerId}`
    const text = encodeProperties(new Map([...properties, [Property.wait, 'false']]))
    return {
      a: producerGroup,
      b: topic,
      c: 'TBW102',
      d: 8,
      e: queueId,
      f: message.sysFlag,
      g: message.bornTimestampMs,
      h: message.flag,
      i: text,
      j: message.reconsumeTimes,
      k: false,
      m: false,
    }
  }

  async #targets(topic: string): Promise<readonly Target[]> {
    const { clock, config } = this.#parts
    const known = this.#routes.get(topic)
    if (known !== undefined && known.untilMs > clock.monotonic()) return known.targets
    let problem = 'namesrvAddr is empty'
    for (const address of config.current.namesrvAddr) {
      try {
        const targets = await this.#ask(address, topic)
        if (this.#routes.size >= ROUTES_MAX) this.#routes.clear()
        this.#routes.set(topic, { targets, untilMs: clock.monotonic() + ROUTE_KEPT_MS })
        return targets
      } catch (error) {
        problem = `${address}: ${error instanceof Error ? error.message : String(error)}`
      }
    }
    throw new Error(`no other master for topic ${topic}: ${problem}`)
  }

  async #ask(address: string, topic: string): Promise<Target[]> {
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic } }
    const { code, remark, body } = await this.#parts.invoke(address, request, TIMEOUT_MS)
    if (code !== ResponseCode.SUCCESS || !body) throw new Error(`${responseCodeName(code)} ${remark ?? ''}`)
    const { brokerDatas, queueDatas } = readRouteData(parseJson(body.toString()))
    const own = this.#parts.config.current.brokerName
    const targets = queueDatas.flatMap(({ brokerName, perm, writeQueueNums }) => {
      const master = brokerDatas.find((group) => group.brokerName === brokerName)?.brokerAddrs.get(MASTER_ID)
      if (brokerName === own || (perm & PERM_WRITE) === 0 || master === undefined) return []
      return Array.from({ length: writeQueueNums }, (_, queueId) => ({ address: master, queueId }))
    })
    if (targets.length === 0) throw new Error('no group but this one has queues of it that can be written')
    return targets
  }
}
