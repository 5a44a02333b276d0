import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { LiteLifecycle } from './lite-lifecycle.ts'
import { liteNameOf } from './lite-queue-name.ts'

export interface LiteLagParts {
  readonly conf: Current<{ readonly liteLagLatencyCollectEnable: boolean }>
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'topicsOf'>
  readonly lifecycle: Pick<LiteLifecycle, 'endOf' | 'storeTime'>
}

/** How far a group is behind in one lite topic. */
interface LiteLag {
  readonly liteTopic: string
  readonly lagCount: number
  /** Store time of the next message, ms; -1 if it is gone. */
  readonly earliestUnconsumedTimestamp: number
}

/** Lite topics named in an answer. */
const TOP_MAX = 10_000

/** In which lite topics a group is behind, and how far. Looked up when somebody asks; nothing is counted meanwhile. */
export class LiteLags {
  readonly #parts: LiteLagParts

  constructor(parts: LiteLagParts) {
    this.#parts = parts
  }

  /** Lists the `top` most. Those by time are told where liteLagLatencyCollectEnable is set, as Apache RocketMQ has it. */
  of(group: string, top: number) {
    const lags = this.#lagsOf(group)
    const count = Math.min(Math.max(top, 0), TOP_MAX)
    const byCount = [...lags].sort((a, b) => b.lagCount - a.lagCount)
    const byTime = this.#parts.conf.current.liteLagLatencyCollectEnable
      ? lags.filter((lag) => lag.earliestUnconsumedTimestamp > 0)
      : []
    byTime.sort((a, b) => a.earliestUnconsumedTimestamp - b.earliestUnconsumedTimestamp)
    return {
      lagCountTopK: byCount.slice(0, count),
      lagTimestampTopK: byTime.slice(0, count),
      totalLagCount: lags.reduce((sum, { lagCount }) => sum + lagCount, 0),
      earliestUnconsumedTimestamp: byTime[0]?.earliestUnconsumedTimestamp ?? -1,
    }
  }

  #lagsOf(group: string): LiteLag[] {
    const { offsets, lifecycle } = this.#parts
    const lags: LiteLag[] = []
    for (const queue of offsets.topicsOf(group)) {
      const liteTopic = liteNameOf(queue)?.lite
      const offset = offsets.query(group, queue, LMQ_QUEUE_ID)
      const lagCount = lifecycle.endOf(queue) - offset
      if (liteTopic === undefined || offset < 0 || lagCount <= 0) continue
      lags.push({ liteTopic, lagCount, earliestUnconsumedTimestamp: lifecycle.storeTime(queue, offset) })
    }
    return lags
  }
}
