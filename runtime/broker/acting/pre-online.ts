import { parseJson } from '../../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import { MASTER_ID } from '../../codec/route/route-data.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import { decodeTimerReport, type TimerReport } from '../../store/timer/timer-checkpoint.ts'
import type { DelayOffsets } from '../delay/delay-offsets.ts'
import type { Current } from '../metadata/current.ts'
import { type ConsumerOffsets, readConsumerOffsets } from '../offsets/consumer-offsets.ts'

export interface PreOnlineParts {
  readonly config: Current<{ readonly brokerId: number; readonly brokerNotActiveTimeoutMillis: number }>
  readonly clock: Clock
  readonly logger: Logger
  readonly members: { readonly all: ReadonlyMap<number, string>; refresh(): Promise<boolean> }
  /** Sends a request and gives its answer; rejects when there is none. */
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
  /** `brokerIP1:listenPort` and `brokerIP2:haListenPort` of this broker. */
  readonly brokerAddr: string
  readonly haServerAddr: string
  /** End of the log when it was opened. */
  readonly openedOffset: number
  readonly offsets: ConsumerOffsets
  readonly delayOffsets: DelayOffsets
  /** Undefined where timers are not served. */
  readonly takeOverTimers: ((report: TimerReport) => void) | undefined
  readonly replication: {
    readonly slaveCount: number
    readonly isMasterUp: boolean
    askMaster(address: string): Promise<boolean>
  }
}

const TIMEOUT_MS = 3_000
const HANDSHAKE_MS = 5_000
const LOOK_EVERY_MS = 100
const RETRY_MS = 1_000

/**
 * What a broker with enableSlaveActingMaster does before it registers (official: BrokerPreOnlineService). A master makes its
 * slaves follow it again, and takes over what was recorded by the one that acted in its place: how far consumers came, and
 * which delayed messages were delivered. A slave follows the master first. A member that cannot be reached for as long as
 * name servers keep a silent broker is passed over.
 */
export class PreOnline {
  readonly #parts: PreOnlineParts
  /** Members that are done with, by id. */
  readonly #done = new Set<number>()
  readonly #failingSinceMs = new Map<number, number>()
  /** Slaves that have connected because they were told to. */
  #followers = 0
  #timer: Timer | undefined
  #isStopped = false

  constructor(parts: PreOnlineParts) {
    this.#parts = parts
  }

  /** Resolves with true when the broker may register, with false when it was stopped. */
  async run(): Promise<boolean> {
    while (!this.#isStopped) {
      if (await this.#isReady()) return !this.#isStopped
      await this.#pause(RETRY_MS)
    }
    return false
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  async #isReady(): Promise<boolean> {
    const { members, config } = this.#parts
    if (!(await members.refresh())) return false
    const { brokerId } = config.current
    const others = [...members.all].filter(([id]) => id !== brokerId).sort(([one], [other]) => one - other)
    const needed = brokerId === MASTER_ID ? others : others.filter(([id]) => id === MASTER_ID)
    for (const [id, address] of needed) if (!(await this.#isDone(id, address))) return false
    return true
  }

  async #isDone(id: number, address: string): Promise<boolean> {
    if (this.#done.has(id)) return true
    const { clock, config, logger } = this.#parts
    try {
      if (id === MASTER_ID) await this.#followMaster(address)
      else await this.#takeOverFrom(address)
    } catch (error) {
      const since = this.#failingSinceMs.get(id) ?? clock.monotonic()
      this.#failingSinceMs.set(id, since)
      const isHopeless = clock.monotonic() - since >= config.current.brokerNotActiveTimeoutMillis
      const reason = error instanceof Error ? error.message : String(error)
      logger.warn({ member: address, reason }, isHopeless ? 'comes online without this member' : 'not online yet')
      if (!isHopeless) return false
    }
    this.#done.add(id)
    return true
  }

  /** Slaves. */
  async #followMaster(address: string): Promise<void> {
    const { replication } = this.#parts
    if (!(await replication.askMaster(address))) throw new Error('the master does not tell where it can be followed')
    await this.#until(() => replication.isMasterUp, 'no replication connection to the master')
  }

  /** Masters. */
  async #takeOverFrom(address: string): Promise<void> {
    const { brokerAddr, haServerAddr, openedOffset, replication } = this.#parts
    await this.#ask(address, RequestCode.EXCHANGE_BROKER_HA_INFO, {
      masterHaAddress: haServerAddr,
      masterFlushOffset: openedOffset,
      masterAddress: brokerAddr,
    })
    await this.#until(() => replication.slaveCount > this.#followers, 'the slave has not connected')
    await this.#takeDelayOffsets(address)
    await this.#takeConsumerOffsets(address)
    await this.#takeTimers(address)
    this.#followers++
  }

  /** Which messages of a level were delivered: the farther one is right, whoever recorded it. */
  async #takeDelayOffsets(address: string): Promise<void> {
    const body = await this.#ask(address, RequestCode.GET_ALL_DELAY_OFFSET)
    if (body !== undefined) this.#parts.delayOffsets.advance(parseJson(body.toString()))
  }

  async #takeTimers(address: string): Promise<void> {
    const { takeOverTimers } = this.#parts
    if (takeOverTimers === undefined) return
    // A broker without timers refuses the question.
    const { code, body } = await this.#parts.invoke(address, { code: RequestCode.GET_TIMER_CHECK_POINT }, TIMEOUT_MS)
    if (code === ResponseCode.SUCCESS && body !== undefined) takeOverTimers(decodeTimerReport(body))
  }

  async #takeConsumerOffsets(address: string): Promise<void> {
    const body = await this.#ask(address, RequestCode.GET_ALL_CONSUMER_OFFSET)
    if (body === undefined) return
    const { offsets, dataVersion } = readConsumerOffsets(parseJson(body.toString()))
    this.#parts.offsets.takeOver(offsets, dataVersion)
  }

  async #ask(address: string, code: number, fields?: Record<string, string | number>): Promise<Buffer | undefined> {
    const request = fields === undefined ? { code } : { code, fields }
    const answer = await this.#parts.invoke(address, request, TIMEOUT_MS)
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`${responseCodeName(answer.code)} ${answer.remark ?? ''}`)
    return answer.body
  }

  async #until(isReached: () => boolean, problem: string): Promise<void> {
    const endMs = this.#parts.clock.monotonic() + HANDSHAKE_MS
    while (!isReached()) {
      if (this.#isStopped || this.#parts.clock.monotonic() >= endMs) throw new Error(problem)
      await this.#pause(LOOK_EVERY_MS)
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#parts.clock.after(ms, resolve)
    })
  }
}
