import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'
import { ALL_TAGS, buildSubscription, isTagExpression, type SubscriptionData } from '../clients/subscription.ts'
import type { CompiledFilters } from '../filter/compiled-filters.ts'
import type { PollSubject } from './long-polls.ts'
import { retryTopicV1, retryTopicV2 } from './pop-names.ts'
import { PopQueue } from './pop-queue.ts'

/** What a group's subscription is taken to be anew: the registry forgets subscriptions by their age. */
const SUBSCRIPTION_FRESH_MS = 60_000

/** A group that pops a topic. */
export class PopSubject implements PollSubject {
  readonly topic: string
  readonly group: string
  readonly retryV1: string
  readonly retryV2: string
  readonly retryTopics: readonly string[]
  usedMs = 0
  /** Of the request that is being served. */
  subscription!: SubscriptionData
  accepts: ((tagsCode: number) => boolean) | undefined
  filter: SqlFilter | undefined
  /** Whether the registry is to hear of the subscription. */
  isNewSubscription = false
  #expression: string | undefined
  #expressionType: string | undefined
  #builtMs = Number.NEGATIVE_INFINITY
  readonly #queues: QueuesByTopic

  constructor(topic: string, group: string, queues: QueuesByTopic) {
    this.topic = topic
    this.group = group
    this.#queues = queues
    this.retryV1 = retryTopicV1(topic, group)
    this.retryV2 = retryTopicV2(topic, group)
    this.retryTopics = [this.retryV1, this.retryV2]
  }

  /** A queue of the topic, or of one of its retry topics. */
  queue(topic: string, queueId: number): PopQueue {
    let queues = this.#queues.get(topic)
    if (queues === undefined) {
      queues = []
      this.#queues.set(topic, queues)
    }
    const known = queues[queueId]
    if (known !== undefined) return known
    const queue = new PopQueue(topic, queueId)
    queues[queueId] = queue
    return queue
  }

  /** Whether something of it waits to be in the log for good. */
  get isPending(): boolean {
    return [this.topic, ...this.retryTopics].some((topic) => this.#queues.get(topic)?.some((one) => one.pending > 0))
  }

  /** @throws RequestError SUBSCRIPTION_PARSE_FAILED */
  select(expression: string | undefined, type: string | undefined, compiled: CompiledFilters, nowMs: number): void {
    const isSame = expression === this.#expression && type === this.#expressionType
    if (isSame && nowMs - this.#builtMs < SUBSCRIPTION_FRESH_MS && nowMs >= this.#builtMs) return
    const built = expression ? buildSubscription(this.topic, expression, type || undefined, nowMs) : undefined
    if (expression && built === undefined) throw unparsed()
    const subscription = built ?? buildSubscription(this.topic, ALL_TAGS, undefined, nowMs)!
    const isTags = isTagExpression(subscription.expressionType)
    this.filter = isTags ? undefined : compiled.get(subscription.subString, subscription.expressionType)
    const { codeSet } = subscription
    this.accepts = isTags && subscription.subString !== ALL_TAGS ? (tagsCode) => codeSet.has(tagsCode) : undefined
    this.subscription = subscription
    this.isNewSubscription = true
    this.#expression = expression
    this.#expressionType = type
    this.#builtMs = nowMs
  }
}

function unparsed(): RequestError {
  return new RequestError(ResponseCode.SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed")
}

/** The groups that pop, by topic. Those nobody has asked for in a while are forgotten: nothing of them is lost by it. */
export class PopSubjects {
  readonly #byGroup = new Map<string, GroupSubjects>()

  of(topic: string, group: string, nowMs: number): PopSubject {
    let known = this.#byGroup.get(group)
    if (known === undefined) {
      known = { subjects: new Map(), queues: new Map() }
      this.#byGroup.set(group, known)
    }
    let subject = known.subjects.get(topic)
    if (subject === undefined) {
      subject = new PopSubject(topic, group, known.queues)
      known.subjects.set(topic, subject)
    }
    subject.usedMs = nowMs
    return subject
  }

  /** Undefined for a queue that the group has not popped from lately. */
  findQueue(topic: string, group: string, queueId: number): PopQueue | undefined {
    return this.#byGroup.get(group)?.queues.get(topic)?.[queueId]
  }

  expire(nowMs: number, afterMs: number): void {
    for (const [group, { subjects, queues }] of this.#byGroup) {
      for (const [topic, subject] of subjects) {
        if (Math.abs(nowMs - subject.usedMs) <= afterMs || subject.isPending) continue
        subjects.delete(topic)
        for (const one of [topic, ...subject.retryTopics]) queues.delete(one)
      }
      if (subjects.size === 0) this.#byGroup.delete(group)
    }
  }
}

/** Of one group; a retry topic has a name of its own. */
type QueuesByTopic = Map<string, PopQueue[]>

interface GroupSubjects {
  readonly subjects: Map<string, PopSubject>
  readonly queues: QueuesByTopic
}
