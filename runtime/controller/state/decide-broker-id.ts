import { ResponseCode } from '../../codec/remoting/response-code.ts'
import {
  BROKER_ID_MAX,
  type BrokerGroup,
  FIRST_BROKER_ID,
  newGroup,
  REPLICAS_MAX,
  replicaOf,
  withReplica,
} from './broker-group.ts'
import type { ApplyBrokerId } from './command.ts'
import { accepted, type Decision, refused } from './decision.ts'

/** A quorum that serves more should be two. */
const GROUPS_MAX = 100_000

/**
 * APPLY_BROKER_ID: the id goes to the broker that names it first; the same broker may ask again (source:
 * ReplicasInfoManager.applyBrokerId). A name belongs to one cluster: the original lets a broker of another cluster in,
 * which then replicates a stranger's log.
 */
export function decideBrokerId(group: BrokerGroup | undefined, command: ApplyBrokerId, groupCount: number): Decision {
  const { cluster, brokerName, brokerId, registerCheckCode } = command
  const refuse = (remark: string): Decision => refused(ResponseCode.CONTROLLER_BROKER_ID_INVALID, remark, group)
  const replica = { brokerId, address: registerCheckCode.split(';')[0]!, registerCheckCode }
  if (!group) {
    if (brokerId !== FIRST_BROKER_ID) {
      return refuse(
        `Broker-set: ${brokerName} hasn't been registered in controller, but broker try to apply brokerId: ${brokerId}`,
      )
    }
    if (groupCount >= GROUPS_MAX) {
      return refuse(`Broker-set: ${brokerName} is one too many, the limit is ${GROUPS_MAX}: clean those that are gone`)
    }
    return accepted(newGroup(cluster, brokerName, replica), 'broker id assigned')
  }
  if (group.cluster !== cluster) {
    return refuse(`Broker-set: ${brokerName} belongs to cluster ${group.cluster}, not to ${cluster}`)
  }
  const holder = replicaOf(group, brokerId)
  if (holder?.registerCheckCode === registerCheckCode) return accepted(group)
  if (holder || brokerId < FIRST_BROKER_ID || brokerId > BROKER_ID_MAX) {
    return refuse(`Fail to apply brokerId: ${brokerId} in broker-set: ${brokerName}`)
  }
  if (group.replicas.length >= REPLICAS_MAX) {
    return refuse(
      `Broker-set: ${brokerName} has ${REPLICAS_MAX} replicas, which is the limit: clean those that are gone`,
    )
  }
  return accepted(withReplica(group, replica), 'broker id assigned')
}
