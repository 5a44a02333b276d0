import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { ORDER_REVIVE_QUEUE } from './pop-names.ts'

/*
 * The handle of a popped message (extraInfo, POP_CK):
 *
 *   startOffset popTime invisibleTime reviveQueue retryMark brokerName queueId [queueOffset]
 *
 * The first seven name the check point, the last one the message.
 */

const FIELDS_MIN = 7
const WHOLE = /^\d{1,16}$/

/** What a client hands back to acknowledge a message. */
export interface ReceiptHandle {
  readonly startOffset: number
  readonly popTime: number
  readonly invisibleMs: number
  readonly reviveQueue: number
  readonly retryMark: string
  readonly brokerName: string
  readonly queueId: number
}

/** @throws RequestError MESSAGE_ILLEGAL for what no broker has made */
export function readReceiptHandle(text: string, reviveQueues: number): ReceiptHandle {
  const fields = text.split(' ')
  if (fields.length < FIELDS_MIN) throw forged(text, `has ${fields.length} fields, at least ${FIELDS_MIN} are expected`)
  const reviveQueue = whole(text, fields, 3)
  if (reviveQueue >= reviveQueues && reviveQueue !== ORDER_REVIVE_QUEUE) {
    throw forged(text, `names revive queue ${reviveQueue} of ${reviveQueues}`)
  }
  return {
    startOffset: whole(text, fields, 0),
    popTime: whole(text, fields, 1),
    invisibleMs: whole(text, fields, 2),
    reviveQueue,
    retryMark: fields[4]!,
    brokerName: fields[5]!,
    queueId: whole(text, fields, 6),
  }
}

/** The handle's text for one message, as it stands in property POP_CK. */
export function receiptHandleText(handle: ReceiptHandle, queueOffset: number): string {
  const { startOffset, popTime, invisibleMs, reviveQueue, retryMark, brokerName, queueId } = handle
  return `${startOffset} ${popTime} ${invisibleMs} ${reviveQueue} ${retryMark} ${brokerName} ${queueId} ${queueOffset}`
}

function whole(text: string, fields: readonly string[], index: number): number {
  const field = fields[index]!
  if (!WHOLE.test(field)) throw forged(text, `has "${field}" where a number is expected`)
  return Number(field)
}

function forged(text: string, why: string): RequestError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text
  return new RequestError(ResponseCode.MESSAGE_ILLEGAL, `the receipt handle [${shown}] ${why}`)
}
