import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type BrokerGroup, replicaOf, withAddress, withoutMaster, withSyncStateSet } from './broker-group.ts'
import type { RegisterBroker } from './command.ts'
import { accepted, type Change, type Decision, refused } from './decision.ts'

/**
 * REGISTER_BROKER: a broker with an id has started (source: ReplicasInfoManager.registerBroker). Its machine may have
 * lost power, and with it the end of the log that was not on the device yet. Where the original lets it go on as what it
 * was, here:
 *
 * - A master is master no more. Electing starts a new epoch, so that replicas that still have what it lost are seen to
 *   differ; as a member of the SyncStateSet with a longer log one of them is elected.
 * - A slave leaves the SyncStateSet until its master finds that it holds everything again.
 */
export function decideRegistration(group: BrokerGroup | undefined, command: RegisterBroker): Decision {
  const { cluster, brokerName, brokerId, address } = command
  const refuse = (remark: string): Decision =>
    refused(ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED, remark, group)
  if (!group) return refuse(`Broker-set: ${brokerName} hasn't been registered in controller`)
  const replica = replicaOf(group, brokerId)
  if (!replica) return refuse(`BrokerId: ${brokerId} hasn't been registered in broker-set: ${brokerName}`)
  if (group.cluster !== cluster) {
    return refuse(`Broker-set: ${brokerName} belongs to cluster ${group.cluster}, not to ${cluster}`)
  }
  const isMoved = replica.address !== address
  const settled = isMoved ? withAddress(group, brokerId, address) : group
  const change: Change | undefined = isMoved ? 'address changed' : undefined
  if (!command.mayHaveLost) return accepted(settled, change)
  if (group.masterBrokerId === brokerId) return accepted(withoutMaster(settled), 'master vacated')
  if (command.isMasterThere && group.masterBrokerId !== undefined && group.syncStateSet.includes(brokerId)) {
    const others = group.syncStateSet.filter((id) => id !== brokerId)
    return accepted(withSyncStateSet(settled, others), 'sync state set changed')
  }
  return accepted(settled, change)
}
