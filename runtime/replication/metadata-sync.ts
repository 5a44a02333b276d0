import { requestCodeName } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { Clock, Timer } from '../io/clock.ts'
import type { RemotingClient } from '../net/remoting-client.ts'
import type { Logger } from '../observe/logger.ts'

/** One table that a slave keeps equal to its master's: the request that fetches it and what takes the answer in. */
export interface MetadataSource {
  /** GET_ALL_TOPIC_CONFIG, GET_ALL_CONSUMER_OFFSET, GET_ALL_DELAY_OFFSET or GET_ALL_SUBSCRIPTIONGROUP_CONFIG. */
  readonly code: number
  /**
   * Called with the answer's body whenever it differs from the last one. False: not all of it could be taken in yet, the
   * next round tries again. @throws when it cannot be read.
   */
  apply(body: Buffer): boolean
}

const REQUEST_TIMEOUT_MS = 5_000

/**
 * Keeps topics, consumer groups, offsets and delay offsets of a slave equal to its master's (official:
 * SlaveSynchronize, every 10 s). A consumer that moves to the slave repeats what it consumed since the last round, so the
 * rounds are shorter here; an answer that did not change costs a comparison.
 */
export class MetadataSync {
  readonly #clock: Clock
  readonly #client: Pick<RemotingClient, 'invoke'>
  readonly #logger: Logger
  readonly #sources: readonly MetadataSource[]
  readonly #applied = new Map<number, Buffer>()
  readonly #problems = new Map<number, string>()
  #master = ''
  #timer: Timer | undefined
  #running = false

  constructor(
    clock: Clock,
    client: Pick<RemotingClient, 'invoke'>,
    logger: Logger,
    sources: readonly MetadataSource[],
  ) {
    this.#clock = clock
    this.#client = client
    this.#logger = logger
    this.#sources = sources
  }

  start(periodMs: number): void {
    this.#timer = this.#clock.every(periodMs, () => void this.round())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** The master's remoting address; '' when there is none. A new master is asked at once. */
  setMaster(address: string): void {
    if (address === this.#master) return
    this.#master = address
    this.#applied.clear()
    void this.round()
  }

  /** Fetches every table once. Never rejects: a table that cannot be had keeps its last content, and the log says why. */
  async round(): Promise<void> {
    if (this.#running || this.#master === '') return
    this.#running = true
    const master = this.#master
    for (const source of this.#sources) {
      try {
        await this.#fetch(master, source)
        this.#problems.delete(source.code)
      } catch (error) {
        this.#report(source.code, String(error))
      }
    }
    this.#running = false
  }

  async #fetch(master: string, source: MetadataSource): Promise<void> {
    const { code, remark, body } = await this.#client.invoke(master, { code: source.code }, REQUEST_TIMEOUT_MS)
    if (code !== ResponseCode.SUCCESS) throw new Error(`master answers ${code}: ${remark ?? ''}`)
    // The master may have changed while we waited: its tables are not those to follow any more.
    if (!body || master !== this.#master || this.#applied.get(source.code)?.equals(body)) return
    if (source.apply(body)) this.#applied.set(source.code, body)
  }

  /** The same problem round after round is one line. */
  #report(code: number, problem: string): void {
    if (this.#problems.get(code) === problem) return
    this.#problems.set(code, problem)
    this.#logger.warn(
      { master: this.#master, table: requestCodeName(code), problem },
      'cannot copy metadata from master',
    )
  }
}
