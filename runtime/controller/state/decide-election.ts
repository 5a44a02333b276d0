import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type BrokerGroup, withMaster, withoutMaster } from './broker-group.ts'
import type { ElectMaster } from './command.ts'
import { accepted, type Decision, refused } from './decision.ts'
import { decideElection } from './elect-policy.ts'

/** ELECT_MASTER: codes and remarks of ReplicasInfoManager.electMaster. */
export function decideMaster(group: BrokerGroup | undefined, command: ElectMaster): Decision {
  if (!group) {
    return refused(ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED, "Broker hasn't been registered", group)
  }
  const verdict = decideElection(group, command)
  switch (verdict.kind) {
    case 'elect':
      return accepted(withMaster(group, verdict.brokerId, knownEpoch(command)), 'master elected')
    case 'keep':
      return refused(
        ResponseCode.CONTROLLER_MASTER_STILL_EXIST,
        `The old master ${group.masterBrokerId} is still alive, not need to elect new master for broker ${group.brokerName}`,
        group,
      )
    case 'nobody':
      return command.brokerId === undefined ? vacate(group, command) : failed(group, verdict.waitsFor)
  }
}

/** Epochs are int32 for official brokers: a report that leaves no room for more is none. */
const EPOCH_MAX = 2 ** 30

/**
 * Controllers whose books are new, or older than the brokers' logs (another quorum, a store from a backup), must not count
 * from where they are: a broker never goes back to an epoch that is over. The original does, and leaves such a group without
 * a master.
 */
function knownEpoch({ reports }: ElectMaster): number {
  return Math.max(0, ...reports.map(({ epoch }) => (epoch <= EPOCH_MAX ? epoch : 0)))
}

/**
 * The master is gone and nobody may follow it yet: so the books say, and the first member of the SyncStateSet that
 * comes back is elected. When no broker of the group is there it may be this controller that is cut off: then nothing
 * is changed. The original counts the epoch up each time it tries in vain; here once.
 */
function vacate(group: BrokerGroup, { reports }: ElectMaster): Decision {
  const isAnyoneThere = reports.some((report) => report.life === 'alive')
  const isVacated = isAnyoneThere && group.masterBrokerId !== undefined
  return {
    code: ResponseCode.CONTROLLER_MASTER_NOT_AVAILABLE,
    remark: 'Old master has down and failed to elect a new broker master',
    group: isVacated ? withoutMaster(group) : group,
    change: isVacated ? 'master vacated' : undefined,
  }
}

function failed(group: BrokerGroup, waitsFor: readonly number[]): Decision {
  const why =
    waitsFor.length === 0 ? '' : `: not heard of ${waitsFor.join(', ')} yet since this controller started, try again`
  return refused(ResponseCode.CONTROLLER_ELECT_MASTER_FAILED, `Failed to elect a new master${why}`, group)
}
