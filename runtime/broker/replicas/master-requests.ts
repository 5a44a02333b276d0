import { RequestCode } from '../../codec/remoting/request-code.ts'

/** What only a master may serve: another replica passes it on. */
export const MASTERS_ONLY: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE,
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.CONSUMER_SEND_MSG_BACK,
  RequestCode.END_TRANSACTION,
  RequestCode.LOCK_BATCH_MQ,
])

/** Replicas serve these while there is no master, so that consumers can go on. */
export const MASTERS_FIRST: ReadonlySet<number> = new Set([
  RequestCode.QUERY_CONSUMER_OFFSET,
  RequestCode.UPDATE_CONSUMER_OFFSET,
  RequestCode.UNLOCK_BATCH_MQ,
])
