import type { CommandView } from '../../codec/remoting/command-view.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'
import type { Channel } from '../../net/channel.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import type { SubscriptionData } from '../clients/subscription.ts'
import { liteQueueName, liteTopicProblem } from '../lite/lite-queue-name.ts'
import type { BroadcastPull } from '../offsets/broadcast-offsets.ts'
import type { MappedPull } from '../static-topics/mapped-pull.ts'

/** Bits of a pull's sysFlag (PullSysFlag). */
export const PullFlag = { commitOffset: 1, suspend: 2, subscription: 4, classFilter: 8, litePull: 16 } as const

/** requestSource of pulls that a proxy makes for others (RequestSource). */
export const PullSource = { proxyForBroadcast: 1, proxyForStream: 2 } as const

/** A pull request with all it needs to be answered later, when its bytes are gone. Reused. */
export class PullTask {
  channel: Channel | undefined
  opaque = 0
  serializeType: SerializeType = SerializeType.JSON
  code = 0
  group = ''
  topic = ''
  /** Whose queue is read: that of the topic, or of one of its lite topics. Offsets stand under this name, too. */
  storeTopic = ''
  queueId = 0
  queueOffset = 0
  maxMsgNums = 0
  sysFlag = 0
  commitOffset = 0
  suspendTimeoutMs = 0
  subVersion = 0
  /** From the request itself; looked up in the group's heartbeats when undefined. */
  subscription: SubscriptionData | undefined
  /** For subscriptions by expression: what to apply to each message. */
  filter: SqlFilter | undefined
  requestSource = -1
  /** For which of its clients a proxy pulls. */
  proxyClientId = ''
  /** Of a group that broadcasts: who pulls. */
  broadcast: BroadcastPull | undefined
  /** Of a static topic: queueId and queueOffset are those of this broker then. */
  mapped: MappedPull | undefined

  // While it is held
  queue: ConsumeQueue | undefined
  accepts: ((tagsCode: number) => boolean) | undefined
  /** Units below were looked at and not wanted. */
  checkedOffset = 0
  deadlineMs = 0
  /** Next task of the same queue. */
  next: PullTask | undefined

  /** @throws RequestError naming a field that is missing or no number */
  read(request: CommandView, channel: Channel): void {
    this.channel = channel
    this.opaque = request.opaque
    this.serializeType = request.serializeType
    this.code = request.code
    this.group = request.requiredText('consumerGroup')
    this.topic = request.requiredText('topic')
    this.storeTopic = storeTopicOf(this.topic, request.text('liteTopic') ?? '')
    this.queueId = request.requiredInteger('queueId')
    this.queueOffset = request.requiredInteger('queueOffset')
    this.maxMsgNums = request.requiredInteger('maxMsgNums')
    this.sysFlag = request.requiredInteger('sysFlag')
    this.commitOffset = request.requiredInteger('commitOffset')
    this.suspendTimeoutMs = request.requiredInteger('suspendTimeoutMillis')
    this.subVersion = request.requiredInteger('subVersion')
    this.requestSource = request.integer('requestSource') ?? -1
    this.proxyClientId = this.requestSource < 0 ? '' : (request.text('proxyFrowardClientId') ?? '')
    this.broadcast = undefined
    this.mapped = undefined
    this.subscription = undefined
    this.filter = undefined
  }

  has(flag: number): boolean {
    return (this.sysFlag & flag) !== 0
  }

  /** Lets go of what it refers to. */
  clear(): void {
    this.channel = undefined
    this.subscription = undefined
    this.broadcast = undefined
    this.mapped = undefined
    this.filter = undefined
    this.queue = undefined
    this.accepts = undefined
    this.next = undefined
  }
}

/** @throws RequestError for a name that no lite topic can have */
function storeTopicOf(topic: string, liteTopic: string): string {
  if (liteTopic.trim() === '') return topic
  const problem = liteTopicProblem(topic, liteTopic)
  if (problem === undefined) return liteQueueName(topic, liteTopic)
  throw new RequestError(
    ResponseCode.INVALID_PARAMETER,
    `liteTopic [${liteTopic}] is no name of a lite topic: ${problem}`,
  )
}
