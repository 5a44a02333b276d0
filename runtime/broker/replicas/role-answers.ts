import { decodeElectMasterBody } from '../../codec/controller/elect-master-body.ts'
import { decodeSyncStateSet } from '../../codec/controller/sync-state-set.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'

/** What a controller says of a broker group: who is its master, since when, and who is in sync with it. */
export interface GroupRole {
  /** Undefined while nobody is master. */
  readonly masterBrokerId: number | undefined
  readonly masterAddress: string
  readonly masterEpoch: number
  readonly syncStateSet: readonly number[]
  readonly syncStateSetEpoch: number
}

/** Reads the answers to GET_REPLICA_INFO and REGISTER_BROKER, and NOTIFY_BROKER_ROLE_CHANGED. @throws when it is none */
export function readGroupRole({ fields, body }: Pick<RemotingCommand, 'fields' | 'body'>): GroupRole {
  const set = body === undefined ? { syncStateSet: [], syncStateSetEpoch: 0 } : decodeSyncStateSet(body)
  return groupRole(fields, set.syncStateSet, set.syncStateSetEpoch)
}

/** Reads the answer to ELECT_MASTER. @throws when it is none */
export function readElectedRole({ fields, body }: Pick<RemotingCommand, 'fields' | 'body'>): GroupRole {
  return groupRole(fields, body === undefined ? [] : decodeElectMasterBody(body).syncStateSet, 0)
}

function groupRole(
  fields: Readonly<Record<string, string>>,
  syncStateSet: readonly number[],
  epochInBody: number,
): GroupRole {
  const { masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch } = fields
  return {
    masterBrokerId: masterAddress ? integer(masterBrokerId, 'masterBrokerId') : undefined,
    masterAddress: masterAddress ?? '',
    masterEpoch: integer(masterEpoch, 'masterEpoch') ?? 0,
    syncStateSet,
    syncStateSetEpoch: integer(syncStateSetEpoch, 'syncStateSetEpoch') ?? epochInBody,
  }
}

function integer(text: string | undefined, name: string): number | undefined {
  if (text === undefined || text === 'null') return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new Error(`${name} of the controller's answer is ${JSON.stringify(text)}, expected a whole number`)
}
