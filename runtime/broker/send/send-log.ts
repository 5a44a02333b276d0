import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import type { LightRefusal } from '../../store/light/light-queues.ts'
import type { AppendStatus, MessageDraft } from '../../store/message-draft.ts'

/** The part of the message store that sends need. */
export interface SendLog {
  queue(topic: string, queueId: number): ConsumeQueue
  append(draft: MessageDraft): AppendStatus
  /** Why light queues that the draft names cannot take it. */
  lightRefusal(draft: MessageDraft): LightRefusal | undefined
  /** Messages stored wholly or not at all follow. False if what is staged has to be committed first. */
  beginGroup(count: number, sizeBytes: number): boolean
  endGroup(isKept: boolean): void
  /** Of the last append that was ok. */
  readonly lastAppend: {
    readonly phyOffset: number
    readonly queueOffset: number
    readonly sizeBytes: number
    readonly storeTimestampMs: number
    readonly light: { readonly count: number; readonly queues: readonly ConsumeQueue[] }
  }
  /** Why messages are refused now, for SERVICE_NOT_AVAILABLE. */
  readonly refusal: string | undefined
}
