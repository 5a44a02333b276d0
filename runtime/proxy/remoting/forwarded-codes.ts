import { RequestCode } from '../../codec/remoting/request-code.ts'

/** Kinds of requests that share a limit of how many are under way. */
export type Lane = 'send' | 'pull' | 'updateOffset' | 'heartbeat' | 'route' | 'default'

/** A request that goes to the broker which its header names. */
export interface ForwardedCode {
  readonly lane: Lane
  /** Where the name of the broker stands; requests of the short form have fields of one letter. */
  readonly brokerField: 'bname' | 'n'
  /** The field that says how long the broker may hold the request, in ms. */
  readonly heldField?: string
  /** A slave knows it, too: it is asked while there is no master. */
  readonly isRead?: boolean
}

const C = RequestCode
const send = (brokerField: 'bname' | 'n'): ForwardedCode => ({ lane: 'send', brokerField })
const pull = (heldField: string, more: Partial<ForwardedCode> = {}): ForwardedCode => ({
  ...{ lane: 'pull', brokerField: 'bname', heldField },
  ...more,
})
const offset = (isRead: boolean): ForwardedCode => ({
  lane: isRead ? 'default' : 'updateOffset',
  brokerField: 'bname',
  isRead,
})

/** Source: RemotingProtocolServer; replies and the earliest time of storage are served here beyond that. */
export const FORWARDED_CODES: ReadonlyMap<number, ForwardedCode> = new Map([
  [C.SEND_MESSAGE, send('bname')],
  [C.SEND_MESSAGE_V2, send('n')],
  [C.SEND_BATCH_MESSAGE, send('n')],
  [C.SEND_REPLY_MESSAGE, send('bname')],
  [C.SEND_REPLY_MESSAGE_V2, send('n')],
  [C.CONSUMER_SEND_MSG_BACK, send('bname')],
  [C.RECALL_MESSAGE, send('bname')],
  [C.END_TRANSACTION, send('bname')],
  [C.PULL_MESSAGE, pull('suspendTimeoutMillis', { isRead: true })],
  [C.LITE_PULL_MESSAGE, pull('suspendTimeoutMillis', { isRead: true })],
  [C.POP_MESSAGE, pull('pollTime')],
  [C.ACK_MESSAGE, offset(false)],
  [C.CHANGE_MESSAGE_INVISIBLETIME, offset(false)],
  [C.UPDATE_CONSUMER_OFFSET, offset(false)],
  [C.QUERY_CONSUMER_OFFSET, offset(true)],
  [C.GET_MAX_OFFSET, offset(true)],
  [C.GET_MIN_OFFSET, offset(true)],
  [C.SEARCH_OFFSET_BY_TIMESTAMP, offset(true)],
  [C.GET_EARLIEST_MSG_STORETIME, offset(true)],
])
