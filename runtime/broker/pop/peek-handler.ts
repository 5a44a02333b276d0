import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { Current } from '../metadata/current.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import type { PopAccess } from './pop-access.ts'
import { type PopBacklog, retryTopicsOf } from './pop-backlog.ts'
import { POP_MESSAGES_MAX } from './pop-names.ts'

export interface PeekParts {
  readonly config: Current<{
    readonly enableRetryTopicV2: boolean
    readonly retrieveMessageFromPopRetryTopicV1: boolean
  }>
  readonly access: PopAccess
  readonly topics: Pick<TopicTable, 'find'>
  readonly backlog: PopBacklog
  readonly store: Pick<MessageStore, 'findQueue' | 'pull' | 'lastPull' | 'minOffsetOf'>
}

const PULL_BYTES_MAX = 32 * 1024 * 1024

/** PEEK_MESSAGE: what a pop would find, which stays where it is. */
export class PeekHandler {
  readonly #parts: PeekParts
  #records: Buffer[] = []
  #restNum = 0

  constructor(parts: PeekParts) {
    this.#parts = parts
  }

  handle(request: CommandView, channel: Channel): Response {
    const { access, config, topics } = this.#parts
    const topic = request.requiredText('topic')
    const group = request.requiredText('consumerGroup')
    const queueId = Math.max(request.requiredInteger('queueId'), -1)
    const max = Math.min(request.requiredInteger('maxMsgNums'), POP_MESSAGES_MAX)
    const known = access.check(topic, group, queueId, channel.remoteText, 'peeking message')
    this.#records = []
    this.#restNum = 0
    if (queueId >= 0) this.#peek(topic, group, queueId, max)
    else this.#peekTopic(known, group, max)
    for (const name of retryTopicsOf(topic, group, config.current)) this.#peekTopic(topics.find(name), group, max)
    const isFound = this.#records.length > 0
    const body = Buffer.concat(this.#records)
    this.#records = []
    return {
      code: isFound ? ResponseCode.SUCCESS : ResponseCode.PULL_NOT_FOUND,
      remark: isFound ? 'FOUND' : 'NO_MESSAGE_IN_QUEUE',
      fields: { popTime: 0, invisibleTime: 0, reviveQid: 0, restNum: this.#restNum },
      body,
    }
  }

  #peekTopic(topic: TopicConfig | undefined, group: string, max: number): void {
    for (let i = 0; i < (topic?.readQueueNums ?? 0); i++) this.#peek(topic!.topicName, group, i, max)
  }

  #peek(topic: string, group: string, queueId: number, max: number): void {
    const { store, backlog } = this.#parts
    const queue = store.findQueue(topic, queueId)
    if (queue === undefined) return
    const offset = Math.min(
      Math.max(backlog.positionOf(topic, group, queueId), store.minOffsetOf(queue)),
      queue.maxOffset,
    )
    this.#restNum += queue.maxOffset - offset
    const room = max - this.#records.length
    if (room <= 0 || offset === queue.maxOffset) return
    store.pull(queue, offset, room, PULL_BYTES_MAX, undefined, {
      take: (bytes, start, length) => this.#records.push(Buffer.from(bytes.subarray(start, start + length))),
    })
  }
}
