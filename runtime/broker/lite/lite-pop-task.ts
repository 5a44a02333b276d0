import type { CommandView } from '../../codec/remoting/command-view.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import type { Channel } from '../../net/channel.ts'
import type { Poll } from '../pop/long-polls.ts'

/** A POP_LITE_MESSAGE request with all it needs to be answered later, when its bytes are gone. */
export class LitePopTask implements Poll<LitePopTask> {
  channel: Channel | undefined
  opaque = 0
  serializeType: SerializeType = SerializeType.JSON
  clientId = ''
  group = ''
  /** The parent topic. */
  topic = ''
  maxMsgNum = 0
  invisibleMs = 0
  pollMs = 0
  attemptId: string | undefined
  deadlineMs = 0
  next: LitePopTask | undefined

  /** @throws RequestError naming a field that is missing or no number */
  read(request: CommandView, channel: Channel): void {
    this.channel = channel
    this.opaque = request.opaque
    this.serializeType = request.serializeType
    this.clientId = request.requiredText('clientId')
    this.group = request.requiredText('consumerGroup')
    this.topic = request.requiredText('topic')
    this.maxMsgNum = request.requiredInteger('maxMsgNum')
    this.invisibleMs = request.requiredInteger('invisibleTime')
    this.pollMs = request.requiredInteger('pollTime')
    this.attemptId = request.text('attemptId')
  }

  /** Lets go of what it refers to. */
  clear(): void {
    this.channel = undefined
    this.next = undefined
  }
}
