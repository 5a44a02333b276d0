import type { MessageQueue } from '../metadata/message-queue.ts'

/** Shares sorted queues out among sorted clients. Returns what one client gets; nothing for one that is not among them. */
type Allocation = (clientId: string, queues: readonly MessageQueue[], clients: readonly string[]) => MessageQueue[]

/** By name, as clients ask for them; the same shares as in Apache RocketMQ, where clients compute them. */
export const ALLOCATIONS: ReadonlyMap<string, Allocation> = new Map([
  ['AVG', averagely],
  ['AVG_BY_CIRCLE', inCircle],
])

/** Neighbouring queues; the first clients get one more where they do not come out even. */
function averagely(clientId: string, queues: readonly MessageQueue[], clients: readonly string[]): MessageQueue[] {
  const index = clients.indexOf(clientId)
  if (index < 0) return []
  const rest = queues.length % clients.length
  const each = Math.floor(queues.length / clients.length)
  const start = index * each + Math.min(index, rest)
  return queues.slice(start, start + each + (index < rest ? 1 : 0))
}

/** One after the other, and from the start again. */
function inCircle(clientId: string, queues: readonly MessageQueue[], clients: readonly string[]): MessageQueue[] {
  const index = clients.indexOf(clientId)
  return index < 0 ? [] : queues.filter((_, i) => i % clients.length === index)
}

/**
 * For a group that pops: each client gets its own share and those of the next `shareQueueNum` clients. With as many as there
 * are, or none given, all pop from all queues: the queue with number -1 of each broker.
 */
export function allocateForPop(
  allocate: Allocation,
  clientId: string,
  queues: readonly MessageQueue[],
  clients: readonly string[],
  shareQueueNum: number,
): MessageQueue[] {
  if (shareQueueNum <= 0 || shareQueueNum >= clients.length - 1) {
    const brokers = new Set(queues.map(({ brokerName }) => brokerName))
    return [...brokers].map((brokerName) => ({ brokerName, queueId: -1, topic: queues[0]!.topic }))
  }
  const index = clients.indexOf(clientId)
  if (clients.length > queues.length) return index < 0 ? [] : [queues[index % queues.length]!]
  const own = allocate(clientId, queues, clients)
  if (index < 0) return own
  const shared = new Set(own)
  for (let i = 1; i <= shareQueueNum; i++) {
    for (const queue of allocate(clients[(index + i) % clients.length]!, queues, clients)) shared.add(queue)
  }
  return [...shared]
}
