import { RequestCode } from '../../codec/remoting/request-code.ts'
import { METADATA_CHANGES } from '../metadata-journal/metadata-changes.ts'

/**
 * What only a master may serve: another replica passes it on. A change of a topic or group that a replica made would be
 * undone as soon as it takes over the tables of the master.
 */
export const MASTERS_ONLY: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE,
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.CONSUMER_SEND_MSG_BACK,
  RequestCode.END_TRANSACTION,
  RequestCode.LOCK_BATCH_MQ,
  RequestCode.ACK_MESSAGE,
  RequestCode.BATCH_ACK_MESSAGE,
  RequestCode.CHANGE_MESSAGE_INVISIBLETIME,
  ...METADATA_CHANGES,
])

/** A replica in the routes of its master (stand-in.ts) passes these on as well: what is popped is held by the master. */
export const STOOD_IN_FOR: ReadonlySet<number> = new Set([
  RequestCode.POP_MESSAGE,
  RequestCode.POP_LITE_MESSAGE,
  RequestCode.NOTIFICATION,
  RequestCode.PEEK_MESSAGE,
  RequestCode.POLLING_INFO,
])

/** Replicas serve these while there is no master, so that consumers can go on. */
export const MASTERS_FIRST: ReadonlySet<number> = new Set([
  RequestCode.QUERY_CONSUMER_OFFSET,
  RequestCode.UPDATE_CONSUMER_OFFSET,
  RequestCode.UNLOCK_BATCH_MQ,
])
