import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type BrokerGroup, withoutMaster, withSyncStateSet } from './broker-group.ts'
import type { CleanBrokerData } from './command.ts'
import { accepted, type Decision, refused } from './decision.ts'

/**
 * CLEAN_BROKER_DATA (source: ReplicasInfoManager.cleanBrokerData). Unlike the original, ids given together with
 * cleanLivingBroker limit what is cleaned, and the last member of the SyncStateSet stays while there are other replicas:
 * without it nobody could be elected ever again.
 */
export function decideCleaning(group: BrokerGroup | undefined, command: CleanBrokerData): Decision {
  const { brokerName, brokerIds, evenLiving, there } = command
  const refuse = (remark: string): Decision =>
    refused(ResponseCode.CONTROLLER_INVALID_CLEAN_BROKER_METADATA, remark, group)
  if (!evenLiving) {
    const isMasterThere = group?.masterBrokerId !== undefined && there.includes(group.masterBrokerId)
    if (brokerIds.length === 0 && isMasterThere) {
      return refuse(`Broker ${brokerName} is still alive, clean up failure`)
    }
    const living = brokerIds.find((brokerId) => there.includes(brokerId))
    if (living !== undefined) return refuse(`Broker [${brokerName},  ${living}] is still alive, clean up failure`)
  }
  if (!group) return refuse(`Broker ${brokerName} is not existed,clean broker data failure.`)
  const replicas = group.replicas.filter((replica) => !brokerIds.includes(replica.brokerId))
  if (brokerIds.length === 0 || replicas.length === 0) return accepted(undefined, 'group cleaned')
  if (replicas.length === group.replicas.length) return accepted(group)
  const syncStateSet = group.syncStateSet.filter((brokerId) => !brokerIds.includes(brokerId))
  if (group.syncStateSet.length > 0 && syncStateSet.length === 0) {
    return refuse(
      `Broker [${brokerName},  ${group.syncStateSet.join(';')}] alone holds everything confirmed, clean up failure: bring it back, or give up what the others lack with enableElectUncleanMaster=true and electMaster, then clean it`,
    )
  }
  return accepted(without({ ...group, replicas }, syncStateSet), 'brokers cleaned')
}

function without(group: BrokerGroup, syncStateSet: readonly number[]): BrokerGroup {
  const isMasterCleaned =
    group.masterBrokerId !== undefined && !group.replicas.some(({ brokerId }) => brokerId === group.masterBrokerId)
  const kept = isMasterCleaned ? withoutMaster(group) : group
  return syncStateSet.length === group.syncStateSet.length ? kept : withSyncStateSet(kept, syncStateSet)
}
