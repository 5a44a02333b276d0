import { ProxyError } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'

/*
 * What a producer shows to end a transaction. Apache's proxy keeps what the broker needs in its memory for 30 seconds, so
 * that a transaction can be ended at the same proxy only, and soon; here the id that clients get holds it:
 *   id of the broker ~ broker name in base64url ~ offset of the half message in its queue ~ and in the commit log
 */

export interface TransactionId {
  /** What the broker calls it: the unique key of the message. */
  readonly brokerId: string
  readonly brokerName: string
  readonly queueOffset: number
  readonly commitLogOffset: number
}

export function transactionIdText({ brokerId, brokerName, queueOffset, commitLogOffset }: TransactionId): string {
  return [brokerId, Buffer.from(brokerName).toString('base64url'), queueOffset, commitLogOffset].join('~')
}

/** @throws ProxyError INVALID_TRANSACTION_ID */
export function parseTransactionId(text: string): TransactionId {
  if (text.trim() === '') throw new ProxyError(StatusCode.INVALID_TRANSACTION_ID, 'transaction id cannot be empty')
  const match = /^(.*)~([\w-]+)~(\d{1,16})~(\d{1,16})$/.exec(text)
  if (match === null) {
    throw new ProxyError(
      StatusCode.INVALID_TRANSACTION_ID,
      `"${text.slice(0, 200)}" is no transaction id of this proxy`,
    )
  }
  const [, brokerId = '', name = '', queueOffset, commitLogOffset] = match
  return {
    brokerId,
    brokerName: Buffer.from(name, 'base64url').toString(),
    queueOffset: Number(queueOffset),
    commitLogOffset: Number(commitLogOffset),
  }
}
