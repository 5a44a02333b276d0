import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { retryPauseMs } from '../brokers/group-settings.ts'
import { parseReceiptHandle } from '../messages/receipt-handle.ts'
import { ProxyError } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { GivenOut, InvisibleMessages } from './invisible-messages.ts'

/** How long a message stays invisible with each renewal (source: RenewStrategyPolicy). */
const RENEWED_FOR_MS = [60_000, 180_000, 300_000, 600_000, 1_800_000, 3_600_000]
/** Messages that are renewed for one client. More are given out, and seen by others when their time is over. */
const PER_CLIENT_MAX = 100_000

interface Renewal extends GivenOut {
  /** The handle that the client has. */
  readonly key: string
  readonly firstPopMs: number
  readonly reconsumeTimes: number
  /** The handle that counts. */
  handle: string
  nextVisibleMs: number
  renewed: number
  failures: number
  /** A request about it is under way; what is removed meanwhile is not renewed again. */
  isBusy: boolean
  isRemoved: boolean
}

/**
 * Keeps messages invisible to others while push consumers work on them (source: DefaultReceiptHandleManager). A client
 * goes on showing the handle that it got; here is which one counts.
 */
export class Renewals {
  readonly #messages: InvisibleMessages
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #clients = new Map<string, Map<string, Renewal>>()

  constructor(messages: InvisibleMessages, gateway: BrokerGateway, conf: ProxyConf, clock: Clock, logger: Logger) {
    this.#messages = messages
    this.#gateway = gateway
    this.#conf = conf
    this.#clock = clock
    this.#logger = logger
  }

  get count(): number {
    let count = 0
    for (const renewals of this.#clients.values()) count += renewals.size
    return count
  }

  /** Messages that are renewed for a client. */
  countOf(clientId: string): number {
    return this.#clients.get(clientId)?.size ?? 0
  }

  add(clientId: string, handle: string, given: GivenOut, reconsumeTimes: number): void {
    let renewals = this.#clients.get(clientId)
    if (renewals === undefined) {
      renewals = new Map()
      this.#clients.set(clientId, renewals)
    }
    if (renewals.size >= PER_CLIENT_MAX) return
    const { popTimeMs, nextVisibleMs } = parseReceiptHandle(handle)
    renewals.set(keyOf(given.group, handle), {
      ...given,
      key: handle,
      firstPopMs: popTimeMs,
      reconsumeTimes,
      handle,
      nextVisibleMs,
      renewed: 0,
      failures: 0,
      isBusy: false,
      isRemoved: false,
    })
  }

  /** The lite topic of a message that is renewed: clients of 5.2 say it when they acknowledge one, not when they put it off. */
  liteTopicOf(clientId: string, group: string, handle: string): string | undefined {
    return this.#clients.get(clientId)?.get(keyOf(group, handle))?.liteTopic
  }

  /** Ends the renewing of a message; returns the handle that counts, which is the given one if it never was renewed. */
  remove(clientId: string, group: string, handle: string): string {
    const renewals = this.#clients.get(clientId)
    const key = keyOf(group, handle)
    const renewal = renewals?.get(key)
    if (renewals === undefined || renewal === undefined) return handle
    renewal.isRemoved = true
    renewals.delete(key)
    if (renewals.size === 0) this.#clients.delete(clientId)
    return renewal.handle
  }

  /** A client is gone: what it has not finished is for others, soon. */
  async clear(clientId: string): Promise<void> {
    const renewals = this.#clients.get(clientId)
    this.#clients.delete(clientId)
    for (const renewal of renewals?.values() ?? []) {
      renewal.isRemoved = true
      try {
        await this.#messages.changeInvisibleTime(renewal.handle, renewal, this.#conf.invisibleTimeMillisWhenClear)
      } catch (error) {
        this.#logger.debug(
          { messageId: renewal.messageId, error: String(error) },
          'message of a lost client left as it is',
        )
      }
    }
  }

  async clearAll(): Promise<void> {
    await Promise.all([...this.#clients.keys()].map((clientId) => this.clear(clientId)))
  }

  /** Renews what would soon be seen by others. */
  renewDue(): void {
    const now = this.#clock.now()
    for (const [clientId, renewals] of this.#clients) {
      for (const renewal of renewals.values()) {
        if (renewal.isBusy) continue
        if (renewal.nextVisibleMs - now > this.#conf.renewAheadTimeMillis) continue
        renewal.isBusy = true
        void this.#renew(renewal, now).then((goesOn) => {
          renewal.isBusy = false
          if (!goesOn && !renewal.isRemoved) this.remove(clientId, renewal.group, renewal.key)
        })
      }
    }
  }

  /** Whether the message is to be renewed again. Never rejects. */
  async #renew(renewal: Renewal, now: number): Promise<boolean> {
    const isEnough = now - renewal.firstPopMs >= this.#conf.renewMaxTimeMillis
    try {
      const group = isEnough ? await this.#gateway.group(renewal.group) : undefined
      const forMs =
        group === undefined
          ? RENEWED_FOR_MS[Math.min(renewal.renewed, RENEWED_FOR_MS.length - 1)]!
          : retryPauseMs(group.retryPauses, renewal.reconsumeTimes)
      if (isEnough && group === undefined) return false
      renewal.handle = await this.#messages.changeInvisibleTime(renewal.handle, renewal, forMs)
      renewal.nextVisibleMs = parseReceiptHandle(renewal.handle).nextVisibleMs
      renewal.renewed++
      renewal.failures = 0
      return !isEnough
    } catch (error) {
      this.#logger.warn(
        { messageId: renewal.messageId, group: renewal.group, error: String(error) },
        'message not renewed',
      )
      const isHopeless = error instanceof ProxyError && error.code === StatusCode.INVALID_RECEIPT_HANDLE
      renewal.failures++
      return !isHopeless && renewal.failures < this.#conf.maxRenewRetryTimes
    }
  }
}

function keyOf(group: string, handle: string): string {
  return `${group} ${handle}`
}
