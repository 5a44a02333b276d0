import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type BrokerGroup, replicaOf, withSyncStateSet } from './broker-group.ts'
import type { AlterSyncStateSet } from './command.ts'
import { accepted, type Decision, refused } from './decision.ts'

/** ALTER_SYNC_STATE_SET: checks, codes and remarks in the order of ReplicasInfoManager.alterSyncStateSet. */
export function decideSyncStateSet(group: BrokerGroup | undefined, command: AlterSyncStateSet): Decision {
  if (!group) {
    return refused(ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED, 'Broker metadata is not existed', group)
  }
  const { syncStateSet } = command
  if (
    group.syncStateSet.length === syncStateSet.length &&
    group.syncStateSet.every((id) => syncStateSet.includes(id))
  ) {
    return refused(
      ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED,
      'The newSyncStateSet is equal with oldSyncStateSet, no needed to update syncStateSet',
      group,
    )
  }
  return (
    fenced(group, command) ??
    unfit(group, command) ??
    accepted(withSyncStateSet(group, syncStateSet), 'sync state set changed')
  )
}

/** What a master that is no longer one, or that has not heard of the last change, is answered. */
function fenced(group: BrokerGroup, command: AlterSyncStateSet): Decision | undefined {
  const { masterBrokerId, masterEpoch, syncStateSetEpoch } = group
  const reject = (code: ResponseCode, what: string, ours: number | null, theirs: number): Decision =>
    refused(
      code,
      `Rejecting alter syncStateSet request because the current ${what} is:{${ours}}, not {${theirs}}`,
      group,
    )
  if (masterBrokerId !== command.masterBrokerId) {
    return reject(ResponseCode.CONTROLLER_INVALID_MASTER, 'leader', masterBrokerId ?? null, command.masterBrokerId)
  }
  if (masterEpoch !== command.masterEpoch) {
    return reject(ResponseCode.CONTROLLER_FENCED_MASTER_EPOCH, 'master epoch', masterEpoch, command.masterEpoch)
  }
  if (syncStateSetEpoch !== command.syncStateSetEpoch) {
    return reject(
      ResponseCode.CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH,
      'syncStateSet epoch',
      syncStateSetEpoch,
      command.syncStateSetEpoch,
    )
  }
  return undefined
}

/**
 * A set that names brokers that cannot be elected. A member that this controller has not heard of yet counts as there:
 * the master, whose connection to it is what matters, says so.
 */
function unfit(group: BrokerGroup, { syncStateSet, gone }: AlterSyncStateSet): Decision | undefined {
  const reject = (code: ResponseCode, why: string): Decision =>
    refused(code, `Rejecting alter syncStateSet request because the ${why}`, group)
  for (const brokerId of syncStateSet) {
    if (!replicaOf(group, brokerId)) {
      return reject(ResponseCode.CONTROLLER_INVALID_REPLICAS, `replicas {${brokerId}} don't exist`)
    }
    if (gone.includes(brokerId)) {
      return reject(ResponseCode.CONTROLLER_BROKER_NOT_ALIVE, `replicas {${brokerId}} don't alive`)
    }
  }
  if (group.masterBrokerId !== undefined && syncStateSet.includes(group.masterBrokerId)) return undefined
  return reject(
    ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED,
    `newSyncStateSet don't contains origin leader {${group.masterBrokerId}}`,
  )
}
