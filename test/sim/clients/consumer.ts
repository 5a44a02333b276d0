import { decodeMessages } from '../../../runtime/codec/message/message-ext.ts'
import type { RemotingCommand } from '../../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import type { Ledger } from '../checks/ledger.ts'
import { idOf } from '../checks/message-body.ts'
import type { ClientProcess } from './client-process.ts'
import type { QueueOf, Route } from './route.ts'

const GROUP = 'cg'
const SUSPEND_MS = 2000
const PULL_TIMEOUT_MS = 4000
const ASK_TIMEOUT_MS = 1500
const COMMIT_EVERY_MS = 500
const RETRY_MS = 150
const LOOK_FOR_QUEUES_MS = 500

/** Told of what consumers get. */
export type ConsumerBooks = Pick<Ledger, 'sentCount' | 'delivered' | 'resumedAt'>

/** One queue as a running consumer sees it. */
interface Assigned extends QueueOf {
  /** Next to be pulled; undefined until the broker has said where the group stands. */
  offset: number | undefined
  committed: number
  /** Broker to pull from, as the last answer suggested. */
  suggestedId: number
}

/** Consumes all queues of a topic for one group, in order; goes on from the committed offsets when it is started anew. */
export class Consumer {
  readonly #process: ClientProcess
  readonly #route: Route
  readonly #ledger: ConsumerBooks
  readonly #topic: string
  /** Of the run; what an earlier one asked for is not for this one. */
  #life = 0
  #queues = new Map<string, Assigned>()
  /** As official clients do: a master that has lost an offset is told it again, though nothing new was consumed. */
  commitsAgain = false

  constructor(process: ClientProcess, route: Route, ledger: ConsumerBooks, topic: string) {
    this.#process = process
    this.#route = route
    this.#ledger = ledger
    this.#topic = topic
  }

  /** Forgets all but what brokers know of it. */
  startAnew(): void {
    const life = ++this.#life
    this.#queues = new Map()
    this.#process.world.trace.line(`client: consumer starts, run ${life}`)
    this.#assign(life)
    this.#commitLater(life)
  }

  /** After messages were lost that nobody promised to keep, the group may stand further than the log reaches. */
  #assign(life: number): void {
    if (life !== this.#life) return
    for (const { group, queueId } of this.#route.readable) {
      const key = `${group}/${queueId}`
      if (this.#queues.has(key)) continue
      const assigned = { group, queueId, offset: undefined, committed: -1, suggestedId: 0 }
      this.#queues.set(key, assigned)
      this.#process.begin(() => this.#consume(assigned, life))
    }
    this.#process.after(LOOK_FOR_QUEUES_MS, () => this.#assign(life))
  }

  async #consume(queue: Assigned, life: number): Promise<void> {
    while (life === this.#life) {
      const goesOn = queue.offset === undefined ? await this.#begin(queue, life) : await this.#pull(queue, life)
      if (!goesOn) {
        this.#route.refresh()
        await new Promise<void>((resolve) => this.#process.after(RETRY_MS, resolve))
      }
    }
  }

  /** Asks where the group stands: the master, or another broker while there is none. */
  async #begin(queue: Assigned, life: number): Promise<boolean> {
    const { group, queueId } = queue
    const address = this.#route.addresses(group)[0]
    if (address === undefined) return false
    const fields = { consumerGroup: GROUP, topic: this.#topic, queueId }
    const answer = await this.#process.ask(address, { code: RequestCode.QUERY_CONSUMER_OFFSET, fields }, ASK_TIMEOUT_MS)
    if (life !== this.#life || answer === undefined) return false
    if (answer.code === ResponseCode.QUERY_NOT_FOUND) {
      queue.offset = 0
      return true
    }
    if (answer.code !== ResponseCode.SUCCESS) return false
    this.#goOnAt(queue, Number(answer.fields['offset']))
    return true
  }

  #goOnAt(queue: Assigned, offset: number): void {
    this.#process.world.trace.line(`client: consumer goes on at ${queue.group}/${queue.queueId}:${offset}`)
    this.#ledger.resumedAt(queue.group, queue.queueId, offset)
    queue.offset = offset
  }

  async #pull(queue: Assigned, life: number): Promise<boolean> {
    const address = this.#route.address(queue.group, queue.suggestedId) ?? this.#route.addresses(queue.group)[0]
    if (address === undefined) return false
    const answer = await this.#process.ask(address, this.#pullRequest(queue), PULL_TIMEOUT_MS)
    if (life !== this.#life) return true
    if (answer === undefined) {
      queue.suggestedId = 0
      return false
    }
    return this.#take(queue, answer)
  }

  #take(queue: Assigned, answer: RemotingCommand): boolean {
    const { code, fields, body } = answer
    queue.suggestedId = Number(fields['suggestWhichBrokerId'] ?? 0)
    const nextOffset = Number(fields['nextBeginOffset'])
    switch (code) {
      case ResponseCode.SUCCESS:
        this.#deliver(queue, body!)
        return true
      case ResponseCode.PULL_NOT_FOUND:
      case ResponseCode.PULL_RETRY_IMMEDIATELY:
        if (nextOffset !== queue.offset) this.#goOnAt(queue, nextOffset)
        return true
      case ResponseCode.PULL_OFFSET_MOVED:
        this.#goOnAt(queue, nextOffset)
        return false
      default:
        return false
    }
  }

  #deliver(queue: Assigned, body: Buffer): void {
    for (const message of decodeMessages(body)) {
      const id = idOf(message.body.toString(), this.#ledger.sentCount)
      const { queueOffset, phyOffset } = message
      if (queueOffset !== queue.offset || message.queueId !== queue.queueId) {
        throw new Error(
          `the pull of ${queue.group}/${queue.queueId}:${queue.offset} gets ${message.queueId}:${queueOffset}, message ${id}`,
        )
      }
      this.#ledger.delivered(id, { group: queue.group, queueId: queue.queueId, queueOffset, phyOffset })
      queue.offset = queueOffset + 1
    }
  }

  #commitLater(life: number): void {
    this.#process.after(COMMIT_EVERY_MS, () => {
      if (life !== this.#life) return
      for (const queue of this.#queues.values()) this.#process.begin(() => this.#commit(queue))
      this.#commitLater(life)
    })
  }

  async #commit(queue: Assigned): Promise<void> {
    const { group, queueId, offset, committed } = queue
    const address = this.#route.master(group)
    if (offset === undefined || address === undefined || (offset === committed && !this.commitsAgain)) return
    const fields = { consumerGroup: GROUP, topic: this.#topic, queueId, commitOffset: offset }
    const answer = await this.#process.ask(
      address,
      { code: RequestCode.UPDATE_CONSUMER_OFFSET, fields },
      ASK_TIMEOUT_MS,
    )
    if (answer?.code === ResponseCode.SUCCESS) queue.committed = offset
  }

  #pullRequest({ queueId, offset }: Assigned) {
    return {
      code: RequestCode.PULL_MESSAGE,
      fields: {
        consumerGroup: GROUP,
        topic: this.#topic,
        queueId,
        queueOffset: offset!,
        maxMsgNums: 32,
        // Wait for messages; the subscription comes with the request.
        sysFlag: 6,
        commitOffset: 0,
        suspendTimeoutMillis: SUSPEND_MS,
        subscription: '*',
        subVersion: 1,
        expressionType: 'TAG',
      },
    }
  }
}
