import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { RemotingClient } from '../../net/remoting-client.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MessageStore } from '../../store/message-store.ts'

export interface KeptMessagesFetchParts {
  readonly store: Pick<MessageStore, 'compaction' | 'queue'>
  readonly invoke: RemotingClient['invoke']
  readonly logger: Logger
  /** Where the master serves requests; undefined while there is none, or this is it. */
  readonly master: () => string | undefined
  readonly monotonic: () => number
}

const INTERVAL_MS = 5_000
const TIMEOUT_MS = 30_000
/** A group that every broker has. */
const GROUP = 'TOOLS_CONSUMER'
const HAS_SUBSCRIPTION = 4

/**
 * A slave's log begins where its master's did when it came. What compaction topics have kept from before that is in no log: it
 * is pulled from the master, as an official slave does it (`CompactionLog.pullMessageFromMaster`).
 */
export class KeptMessagesFetch {
  readonly #parts: KeptMessagesFetchParts
  #isUnderWay = false
  #nextMs = 0
  #problem: string | undefined

  constructor(parts: KeptMessagesFetchParts) {
    this.#parts = parts
  }

  /** `topics`: the compaction topics, with their number of queues. */
  tick(topics: ReadonlyMap<string, number>): void {
    if (topics.size === 0 || this.#isUnderWay || this.#parts.monotonic() < this.#nextMs) return
    this.#nextMs = this.#parts.monotonic() + INTERVAL_MS
    const master = this.#parts.master()
    if (master === undefined) return
    const { store } = this.#parts
    for (const [topic, queues] of topics) for (let queueId = 0; queueId < queues; queueId++) store.queue(topic, queueId)
    this.#isUnderWay = true
    void this.#fetchAll(master).finally(() => {
      this.#isUnderWay = false
    })
  }

  async #fetchAll(master: string): Promise<void> {
    const { store, logger } = this.#parts
    const { compaction } = store
    try {
      for (let gap = compaction.gap(); gap !== undefined; gap = compaction.gap()) {
        const { topic, queueId } = gap
        const next = await this.#fetch(master, topic, queueId, gap.offset)
        // The answer may be of a master that is none any more.
        if (this.#parts.master() !== master) return
        if (!compaction.fill(topic, queueId, next)) return
      }
      this.#problem = undefined
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (problem === this.#problem) return
      this.#problem = problem
      logger.warn({ master, problem }, 'cannot fetch what compaction topics have kept from the master')
    }
  }

  /** Messages from an offset on; no `nextOffset`: there are none. */
  async #fetch(master: string, topic: string, queueId: number, queueOffset: number): Promise<KeptMessages> {
    const request = {
      code: RequestCode.PULL_MESSAGE,
      fields: {
        ...{ consumerGroup: GROUP, topic, queueId, queueOffset, maxMsgNums: 32, sysFlag: HAS_SUBSCRIPTION },
        ...{ commitOffset: 0, suspendTimeoutMillis: 0, subscription: '*', subVersion: 0, expressionType: 'TAG' },
      },
    }
    const { code, remark, fields, body } = await this.#parts.invoke(master, request, TIMEOUT_MS)
    const next = Number(fields['nextBeginOffset'])
    switch (code) {
      case ResponseCode.SUCCESS:
        // Else the same would be asked for again and again.
        if (!(next > queueOffset))
          throw new Error(`${topic}-${queueId}: messages from ${queueOffset} on lead to ${next}`)
        return { nextOffset: next, body: body ?? Buffer.alloc(0) }
      case ResponseCode.PULL_RETRY_IMMEDIATELY:
      case ResponseCode.PULL_OFFSET_MOVED:
        return { nextOffset: next > queueOffset ? next : undefined, body: Buffer.alloc(0) }
      case ResponseCode.PULL_NOT_FOUND:
      case ResponseCode.TOPIC_NOT_EXIST:
        return { nextOffset: undefined, body: Buffer.alloc(0) }
      default:
        throw new Error(`${topic}-${queueId} from offset ${queueOffset}: the master answers ${code} ${remark ?? ''}`)
    }
  }
}

interface KeptMessages {
  readonly nextOffset: number | undefined
  readonly body: Buffer
}
