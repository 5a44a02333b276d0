import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { readBody } from '../metadata/request-body.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { LiteAccess } from './lite-access.ts'
import type { LiteGroup } from './lite-group.ts'
import type { LiteHomes } from './lite-homes.ts'
import type { LiteOrders } from './lite-orders.ts'
import { liteNameOf, liteQueueName, liteTopicProblem } from './lite-queue-name.ts'
import { type LitePosition, type LiteSubscriptionRequest, readLiteSubscriptions } from './lite-subscription-request.ts'
import type { LiteChannel, LiteClient, LiteSubscriptions } from './lite-subscriptions.ts'

export interface LiteSubscriptionHandlerParts {
  readonly access: LiteAccess
  readonly subscriptions: LiteSubscriptions
  readonly groupOf: (group: string) => LiteGroup | undefined
  readonly homes: LiteHomes
  readonly store: Pick<MessageStore, 'findQueue' | 'offsetByTime'>
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'assignReset'>
  readonly orders: LiteOrders
}

/** LITE_SUBSCRIPTION_CTL: clients, or proxies for them, say to which lite topics they subscribe. */
export class LiteSubscriptionHandler {
  readonly #parts: LiteSubscriptionHandlerParts
  /** While a name server is asked: what comes meanwhile waits, that nobody overtakes. */
  #waiting: Promise<unknown> | undefined

  constructor(parts: LiteSubscriptionHandlerParts) {
    this.#parts = parts
  }

  handle(request: CommandView, channel: LiteChannel): Response | Promise<Response> {
    if (request.bodyLength === 0) throw new RequestError(ResponseCode.ILLEGAL_OPERATION, 'Request body is null.')
    const changes = readBody(request, readLiteSubscriptions)
    if (changes.length === 0) {
      throw new RequestError(ResponseCode.ILLEGAL_OPERATION, 'LiteSubscriptionCtlRequestBody is empty.')
    }
    const unknown = changes.map(({ topic }) => topic).filter((topic) => !this.#parts.homes.isKnown(topic))
    if (this.#waiting === undefined && unknown.length === 0) return this.#apply(changes, channel)
    const before = Promise.all([this.#waiting, ...unknown.map((topic) => this.#parts.homes.ask(topic))])
    const done = before.then(() => this.#apply(changes, channel))
    // Its failure is the answer of that request alone.
    const settled = done.then(
      () => undefined,
      () => undefined,
    )
    this.#waiting = settled
    void settled.then(() => {
      if (this.#waiting === settled) this.#waiting = undefined
    })
    return done
  }

  /** @throws RequestError */
  #apply(changes: readonly LiteSubscriptionRequest[], channel: LiteChannel): Response {
    for (const change of changes) {
      if (change.action === 'COMPLETE_REMOVE') this.#parts.subscriptions.removeClient(change.clientId)
      else if (change.action === 'PARTIAL_REMOVE') this.#removeSome(change, channel)
      else this.#add(change, channel)
    }
    return { code: ResponseCode.SUCCESS }
  }

  #add(change: LiteSubscriptionRequest, channel: LiteChannel): void {
    const { access, subscriptions } = this.#parts
    const { clientId, group, topic } = change
    const lite = access.check(topic, group)
    if (change.action === 'COMPLETE_ADD') {
      const client = subscriptions.obtain(clientId, group, topic, channel)
      if (lite.isWildcard) subscriptions.addAll(client)
      else this.#replace(client, this.#served(change), lite)
      return
    }
    if (lite.isWildcard) {
      const remark = `group ${group} takes all lite topics of ${topic} (lite.sub.wildcard): it cannot subscribe to some`
      throw new RequestError(ResponseCode.ILLEGAL_OPERATION, remark)
    }
    const queues = this.#served(change)
    const client = subscriptions.obtain(clientId, group, topic, channel)
    const added = queues.filter((queue) => !client.queues.has(queue))
    subscriptions.checkRoom(added.length)
    if (lite.isExclusive) for (const queue of added) this.#takeOver(client, queue, lite)
    for (const queue of queues) if (change.position !== undefined) this.#setPosition(group, queue, change.position)
    subscriptions.add(client, queues)
  }

  #replace(client: LiteClient, queues: readonly string[], { isExclusive }: LiteGroup): void {
    const { subscriptions } = this.#parts
    const wanted = new Set(queues)
    for (const queue of [...client.queues]) if (!wanted.has(queue)) subscriptions.remove(client, queue)
    const isTaken = (queue: string): boolean => {
      return isExclusive && subscriptions.subscribersIn(client.group, queue).some((other) => other !== client)
    }
    const free = queues.filter((queue) => !isTaken(queue))
    // It has not heard yet that another one has taken these.
    for (const queue of queues) if (!free.includes(queue)) tellUnsubscribed(client, queue)
    subscriptions.add(client, free)
  }

  #removeSome({ clientId, group, topic, liteTopics }: LiteSubscriptionRequest, channel: LiteChannel): void {
    const { subscriptions, groupOf } = this.#parts
    const client = subscriptions.obtain(clientId, group, topic, channel)
    for (const lite of liteTopics) {
      const queue = liteQueueName(topic, lite)
      if (!subscriptions.remove(client, queue)) continue
      if (groupOf(group)?.resetsWhenLeft) this.#setPosition(group, queue, { type: 'POLICY', value: 1 })
    }
  }

  /** Queues of those of the named lite topics that live on this broker, or have messages here. @throws RequestError */
  #served({ topic, liteTopics }: LiteSubscriptionRequest): string[] {
    const { homes, store } = this.#parts
    const served: string[] = []
    for (const lite of liteTopics) {
      const problem = liteTopicProblem(topic, lite)
      if (problem !== undefined) {
        throw new RequestError(ResponseCode.INVALID_PARAMETER, `'${lite}' can be no lite topic of ${topic}: ${problem}`)
      }
      const queue = liteQueueName(topic, lite)
      const isUsed = (store.findQueue(queue, LMQ_QUEUE_ID)?.maxOffset ?? 0) > 0
      if (isUsed || homes.isHere(topic, lite)) served.push(queue)
    }
    return served
  }

  /** An exclusive lite topic goes to its new subscriber; the one it had is told. */
  #takeOver(client: LiteClient, queue: string, { resetsWhenTaken }: LiteGroup): void {
    const { subscriptions } = this.#parts
    for (const other of [...subscriptions.subscribersIn(client.group, queue)]) {
      subscriptions.remove(other, queue)
      tellUnsubscribed(other, queue)
      if (resetsWhenTaken) this.#setPosition(client.group, queue, { type: 'POLICY', value: 1 })
    }
  }

  #setPosition(group: string, queue: string, position: LitePosition): void {
    const { offsets, orders } = this.#parts
    const current = offsets.query(group, queue, LMQ_QUEUE_ID)
    const target = this.#targetOf(queue, position, current)
    if (target === undefined || target === current || target < 0) return
    offsets.assignReset(group, queue, LMQ_QUEUE_ID, target)
    orders.clear({ group, queue })
  }

  #targetOf(queueName: string, { type, value }: LitePosition, current: number): number | undefined {
    const { store } = this.#parts
    const queue = store.findQueue(queueName, LMQ_QUEUE_ID)
    const maxOffset = queue?.maxOffset ?? 0
    switch (type) {
      case 'POLICY':
        if (value === 1) return 0
        return value === 2 ? maxOffset : undefined
      case 'OFFSET':
        return value
      case 'TAIL_N':
        return current < 0 ? undefined : Math.max(0, current - value)
      case 'TIMESTAMP':
        return queue === undefined ? undefined : store.offsetByTime(queue, value, 'lower')
    }
  }
}

function tellUnsubscribed({ clientId, group, channel }: LiteClient, queue: string): void {
  const name = liteNameOf(queue)
  if (name === undefined || !channel.isOpen) return
  const fields = { clientId, consumerGroup: group, liteTopic: name.lite }
  channel.sendOneway({ code: RequestCode.NOTIFY_UNSUBSCRIBE_LITE, fields })
}
