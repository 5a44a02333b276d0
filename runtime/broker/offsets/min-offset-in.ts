import type { MessageStore } from '../../store/message-store.ts'

/** Number of the first message a queue has; 0 for one that is not there. */
export function minOffsetIn(
  store: Pick<MessageStore, 'findQueue' | 'minOffsetOf'>,
): (topic: string, queueId: number) => number {
  return (topic, queueId) => {
    const queue = store.findQueue(topic, queueId)
    return queue === undefined ? 0 : store.minOffsetOf(queue)
  }
}
