import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { BrokerGroup } from './broker-group.ts'

/** What a command has changed. */
export type Change =
  | 'broker id assigned'
  | 'address changed'
  | 'master elected'
  | 'master vacated'
  | 'sync state set changed'
  | 'brokers cleaned'
  | 'group cleaned'

/** The outcome of a command: what is answered to whoever asked. */
export interface Decision {
  readonly code: ResponseCode
  readonly remark: string | undefined
  /** The group after the command; undefined when there is none of that name. */
  readonly group: BrokerGroup | undefined
  readonly change: Change | undefined
}

export function accepted(group: BrokerGroup | undefined, change?: Change): Decision {
  return { code: ResponseCode.SUCCESS, remark: undefined, group, change }
}

/** The group stays as it is. */
export function refused(code: ResponseCode, remark: string, group: BrokerGroup | undefined): Decision {
  return { code, remark, group, change: undefined }
}
