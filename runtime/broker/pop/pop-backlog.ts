import type { MessageStore } from '../../store/message-store.ts'
import { retryTopicV1, retryTopicV2 } from './pop-names.ts'
import type { PopPositions } from './pop-positions.ts'
import type { PopSubjects } from './pop-subject.ts'

export interface PopBacklogParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'minOffsetOf'>
  readonly positions: PopPositions
  readonly subjects: Pick<PopSubjects, 'findQueue'>
}

/** What a group could pop, without doing so. */
export class PopBacklog {
  readonly #parts: PopBacklogParts

  constructor(parts: PopBacklogParts) {
    this.#parts = parts
  }

  /** Where the group's next pop of the queue begins. */
  positionOf(topic: string, group: string, queueId: number): number {
    const { store, positions, subjects } = this.#parts
    const position = positions.of(group, subjects.findQueue(topic, group, queueId) ?? { topic, queueId, next: -1 })
    if (position >= 0) return position
    const queue = store.findQueue(topic, queueId)
    return queue === undefined ? 0 : store.minOffsetOf(queue)
  }

  /** Messages that wait for it there. */
  of(topic: string, group: string, queueId: number): number {
    const queue = this.#parts.store.findQueue(topic, queueId)
    return queue === undefined ? 0 : queue.maxOffset - this.positionOf(topic, group, queueId)
  }
}

/** Where a group's retries of a topic may lie. */
export function retryTopicsOf(
  topic: string,
  group: string,
  settings: { readonly enableRetryTopicV2: boolean; readonly retrieveMessageFromPopRetryTopicV1: boolean },
): string[] {
  if (!settings.enableRetryTopicV2) return [retryTopicV1(topic, group)]
  const v2 = retryTopicV2(topic, group)
  return settings.retrieveMessageFromPopRetryTopicV1 ? [v2, retryTopicV1(topic, group)] : [v2]
}
