import { queueByHash } from '../../codec/route/queue-by-hash.ts'
import type { TopicQueues } from '../assignment/topic-queues.ts'

/**
 * Which broker group a lite topic lives on: proxies send its messages to one queue of the parent topic, chosen by its name (Apache
 * RocketMQ's LiteSharding).
 */
export class LiteHomes {
  readonly #queues: Pick<TopicQueues, 'writableOf' | 'knownWritableOf'>
  readonly #brokerName: string

  constructor(queues: Pick<TopicQueues, 'writableOf' | 'knownWritableOf'>, brokerName: string) {
    this.#queues = queues
    this.#brokerName = brokerName
  }

  /** Whether {@link isHere} can be answered for the topic without asking a name server. */
  isKnown(parent: string): boolean {
    return this.#queues.knownWritableOf(parent) !== undefined
  }

  /** To be waited for before {@link isHere}, unless {@link isKnown}. */
  async ask(parent: string): Promise<void> {
    await this.#queues.writableOf(parent)
  }

  /** Where no name server knows the topic, every broker takes its lite topics for its own. */
  isHere(parent: string, lite: string): boolean {
    const queues = this.#queues.knownWritableOf(parent) ?? []
    return queues.length === 0 || queues[queueByHash(lite, queues.length)]!.brokerName === this.#brokerName
  }
}
