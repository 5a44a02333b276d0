import type { CommandView } from '../../codec/remoting/command-view.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import type { Channel } from '../../net/channel.ts'
import type { Poll } from './long-polls.ts'

/** A POP request with all it needs to be answered later, when its bytes are gone. Reused. */
export class PopTask implements Poll<PopTask> {
  channel: Channel | undefined
  opaque = 0
  serializeType: SerializeType = SerializeType.JSON
  group = ''
  topic = ''
  /** -1: any. */
  queueId = -1
  maxMsgNums = 0
  invisibleMs = 0
  pollMs = 0
  /** By the client's clock; 0: it does not say. */
  bornMs = 0
  ageMs = 0
  initMode = 0
  expression: string | undefined
  expressionType: string | undefined
  isOrder = false
  attemptId: string | undefined
  deadlineMs = 0
  next: PopTask | undefined

  /** @throws RequestError naming a field that is missing or no number */
  read(request: CommandView, channel: Channel): void {
    this.channel = channel
    this.opaque = request.opaque
    this.serializeType = request.serializeType
    this.deadlineMs = 0
    this.group = request.requiredText('consumerGroup')
    this.topic = request.requiredText('topic')
    this.queueId = Math.max(request.requiredInteger('queueId'), -1)
    this.maxMsgNums = request.requiredInteger('maxMsgNums')
    this.invisibleMs = request.requiredInteger('invisibleTime')
    this.pollMs = request.requiredInteger('pollTime')
    this.bornMs = request.integer('bornTime') ?? 0
    this.initMode = request.requiredInteger('initMode')
    this.expression = request.text('exp')
    this.expressionType = request.text('expType')
    this.isOrder = request.flagField('order') === true
    this.attemptId = request.text('attemptId')
  }

  /** Lets go of what it refers to. */
  clear(): void {
    this.channel = undefined
    this.next = undefined
  }
}
