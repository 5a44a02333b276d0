import { encodeMessageId } from '../../codec/message/message-id.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { SerializeType } from '../../codec/remoting/frame.ts'
import type { Channel } from '../../net/channel.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import type { LateAnswer } from '../acks/pending-sends.ts'
import { encodeRecallHandle } from '../timer/recall-handle.ts'
import type { SendParts } from './send-handler.ts'
import type { SendTarget } from './send-target.ts'

/** The answer to a send whose message waits for its time: it brings what the message can be recalled with. */
export class TimerAnswer implements LateAnswer {
  readonly #channel: Channel
  readonly #opaque: number
  readonly #serializeType: SerializeType
  readonly #region: { readonly MSG_REGION: string; readonly TRACE_ON: boolean }
  readonly #fields: Readonly<Record<string, string | number | undefined>>

  /** Of the message that was staged just now. */
  constructor(
    { config, storeHost, gate }: SendParts,
    { opaque, serializeType }: CommandView,
    channel: Channel,
    draft: MessageDraft,
    target: SendTarget,
    queueId: number,
  ) {
    const { phyOffset, queueOffset } = gate.log.lastAppend
    const uniqueKey = uniqueKeyOf(draft)
    // Consumers send retries back with a delay level; whoever sends one with a time of its own has nobody to recall it.
    const isRecallable = !target.isRetry && uniqueKey !== undefined
    const { topicName: topic } = target
    const timeText = String(gate.timerSlotMs + 1)
    this.#channel = channel
    this.#opaque = opaque
    this.#serializeType = serializeType
    this.#region = { MSG_REGION: config.regionId, TRACE_ON: config.traceOn }
    this.#fields = {
      msgId: encodeMessageId(storeHost, 0, storeHost.length, phyOffset),
      queueId,
      queueOffset,
      transactionId: uniqueKey,
      recallHandle: isRecallable
        ? encodeRecallHandle({ topic, brokerName: config.brokerName, timeText, uniqueKey })
        : undefined,
    }
  }

  complete(code: number, remark: string | undefined): void {
    const fields = remark === undefined ? { ...this.#region, ...this.#fields } : this.#region
    this.#channel.respond(
      this.#opaque,
      this.#serializeType,
      remark === undefined ? { code, fields } : { code, remark, fields },
    )
  }
}

function uniqueKeyOf({ ranges, properties }: MessageDraft): string | undefined {
  const { uniqKeyStart: start, uniqKeyLength: length } = ranges
  if (start < 0) return undefined
  return Buffer.from(properties.bytes.buffer, properties.bytes.byteOffset + start, length).toString()
}
