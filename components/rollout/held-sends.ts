import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { InvocationError } from '../../runtime/net/pending-invocations.ts'
import { AdminError } from '../admin/admin-client.ts'
import { logEnd, runtimeInfo } from './catch-up.ts'
import type { LiveCluster } from './live-cluster.ts'

/*
 * Apache's elected master takes a replica out of its own SyncStateSet when the connection ends by which that one copies, before
 * the controllers agree (AutoSwitchHAService.removeConnection); and with nobody left in it, it takes every message for copied
 * (GroupTransferService). Both happen when another replica has become master and this one has not heard of it: what it
 * acknowledges then, the new master does not have. So it gets no messages from before the election until it knows.
 *
 * startAcceptSendRequestTimeStamp (ms since 1970) counts while the broker runs: until then it refuses what is sent to it
 * (SendMessageProcessor.preSend, "broker unable to service, until"), orders and others, whatever routes clients have. The time
 * passes by itself: whoever is killed meanwhile leaves nothing behind that would have to be put right.
 */

/** From the last time on that they were held. */
const HELD_MS = 30_000
const RENEWED_AFTER_MS = 10_000
/** What the broker was about to append when it was told. */
const UNDER_WAY_MS = 200
/** Nobody can take over for so long: clients are served again for a while. */
const GIVEN_UP_AFTER_MS = 10_000
const REST_MS = 30_000

const runtimePattern = /(\d+) days, (\d+) hours, (\d+) minutes, (\d+) seconds/

/** What a broker's clock says, ms since 1970, up to a second early; undefined when it does not say. */
function clockOf(info: ReadonlyMap<string, string>): number | undefined {
  const words = runtimePattern.exec(info.get('runtime') ?? '')
  const bootMs = Number(info.get('bootTimestamp'))
  if (words === null || !(bootMs > 0)) return undefined
  const [days, hours, minutes, seconds] = words.slice(1).map(Number) as [number, number, number, number]
  return bootMs + (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
}

/** Keeps messages away from a broker of Apache's while the role of master goes from it to another one. */
export class HeldSends {
  readonly #cluster: LiveCluster
  readonly #broker: string
  /** When it was told last; undefined while nothing is held. */
  #renewedMs: number | undefined
  /** It may have been told, also when it has not answered. */
  #isTold = false
  #sinceMs = 0
  #restUntilMs = 0
  /** Where its commit log ended when nothing was under way any more. */
  #endBytes: number | undefined
  /** It is not master any more and may not know. */
  #isUnaware = false

  /** @param broker `host:port` */
  constructor(cluster: LiveCluster, broker: string) {
    this.#cluster = cluster
    this.#broker = broker
  }

  /**
   * Holds them, and looks whether a replica has all that was sent before.
   * @param heir `host:port`
   * @returns what has to be waited for; undefined when the heir may be elected
   */
  async lacking(heir: string): Promise<string | undefined> {
    const nowMs = this.#now
    if (nowMs < this.#restUntilMs) return `${heir} was not elected in time, and clients are served in between`
    if (this.#renewedMs !== undefined && nowMs - this.#sinceMs >= GIVEN_UP_AFTER_MS) {
      this.#restUntilMs = nowMs + REST_MS
      await this.#giveBack()
      return `${heir} was not elected within ${GIVEN_UP_AFTER_MS / 1000} s`
    }
    await this.#hold()
    if (this.#now - this.#sinceMs < UNDER_WAY_MS) return `${this.#broker} ends what is under way`
    this.#endBytes ??= await logEnd(this.#cluster, this.#broker)
    const lagBytes = this.#endBytes - (await logEnd(this.#cluster, heir))
    return lagBytes > 0 ? `${heir} is ${lagBytes} bytes behind ${this.#broker}, which takes no messages` : undefined
  }

  /** Nobody can be elected at the moment. */
  async rest(): Promise<void> {
    if (this.#renewedMs !== undefined) await this.#giveBack()
  }

  /** Holds them while the broker, which is not master any more, does not know it yet. @returns what is waited for */
  async unaware(): Promise<string | undefined> {
    this.#isUnaware = true
    try {
      const info = await runtimeInfo(this.#cluster, this.#broker)
      this.#isUnaware = info.get('brokerActive') === 'true'
      if (this.#isUnaware) await this.#hold()
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error
      // It acknowledges nothing either, and what it was told counts when it answers again.
      return undefined
    }
    return this.#isUnaware ? `${this.#broker} does not know yet that it is not master any more` : undefined
  }

  /** Gives them back, unless they would be lost: then the time passes by itself. */
  async end(): Promise<void> {
    if (!this.#isTold || this.#isUnaware) return
    try {
      await this.#giveBack()
    } catch (error) {
      if (!(error instanceof InvocationError || error instanceof AdminError)) throw error
      this.#cluster.tell?.(`${this.#broker} takes no messages for ${HELD_MS / 1000} s: ${error.message}`)
    }
  }

  get #now(): number {
    return this.#cluster.clock.monotonic()
  }

  async #hold(): Promise<void> {
    const nowMs = this.#now
    if (this.#renewedMs !== undefined && nowMs - this.#renewedMs < RENEWED_AFTER_MS) return
    const info = await runtimeInfo(this.#cluster, this.#broker)
    const untilMs = (clockOf(info) ?? this.#cluster.clock.now()) + HELD_MS
    // Whoever has it refuse messages for longer wants just that.
    if (Number(info.get('startAcceptSendRequestTimeStamp') ?? 0) <= untilMs) {
      this.#isTold = true
      await this.#refuseUntil(untilMs)
    }
    if (this.#renewedMs === undefined) this.#sinceMs = this.#now
    this.#renewedMs = nowMs
  }

  async #giveBack(): Promise<void> {
    if (this.#isTold) await this.#refuseUntil(0)
    this.#isTold = false
    this.#renewedMs = undefined
    this.#endBytes = undefined
  }

  async #refuseUntil(ms: number): Promise<void> {
    const body = Buffer.from(`startAcceptSendRequestTimeStamp=${ms}\n`)
    await this.#cluster.asker.ask(this.#broker, { code: RequestCode.UPDATE_BROKER_CONFIG, body })
  }
}
