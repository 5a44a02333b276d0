import { encodeElectMasterBody } from '../../codec/controller/elect-master-body.ts'
import { encodeSyncStateSet } from '../../codec/controller/sync-state-set.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type BrokerGroup, masterAddressOf } from '../state/broker-group.ts'
import { decideMaster } from '../state/decide-election.ts'
import type { Decision } from '../state/decision.ts'
import { requiredBrokerId } from './request-fields.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'agreement' | 'consensus' | 'state' | 'elections' | 'handOver'>

/** The id by which an official client says that it means no broker in particular. */
const NO_BROKER_ID = -1

/** Who is master, and who is to be. */
export function masters(services: Needed): Handlers {
  const { agreement, state } = services
  return [
    [RequestCode.CONTROLLER_ELECT_MASTER, (request) => elect(services, request)],
    [
      RequestCode.CONTROLLER_GET_REPLICA_INFO,
      (request) => {
        const brokerName = request.requiredText('brokerName')
        return agreement.read(() => replicaInfo(state.groups.get(brokerName)))
      },
    ],
  ]
}

/** Absent fields have the defaults of ElectMasterRequestHeader. */
function elect(services: Needed, request: CommandView): Promise<Response> {
  const brokerName = request.text('brokerName') ?? ''
  const isNobody = (request.integer('brokerId') ?? NO_BROKER_ID) < 0
  const brokerId = isNobody ? undefined : requiredBrokerId(request, 'brokerId')
  return request.flagField('designateElect') === true
    ? designate(services, brokerName, brokerId)
    : propose(services, brokerName, brokerId, false)
}

/** The master that there is gets the time to pass on everything it holds. */
async function designate(services: Needed, brokerName: string, brokerId: number | undefined): Promise<Response> {
  const { consensus, state, elections, handOver } = services
  const group = state.groups.get(brokerName)
  const wouldChange = decideMaster(group, elections.command(brokerName, brokerId, true)).change !== undefined
  if (consensus.isLeader && group !== undefined && wouldChange) await handOver.prepare(group)
  return propose(services, brokerName, brokerId, true)
}

function propose(
  { agreement, elections }: Needed,
  brokerName: string,
  brokerId: number | undefined,
  isDesignated: boolean,
): Promise<Response> {
  const command = elections.command(brokerName, brokerId, isDesignated)
  const asked = brokerId ?? NO_BROKER_ID
  const reason = isDesignated ? `an operator wants ${asked}` : `broker ${asked} asks for a master`
  return agreement.decide(command, (decision) => {
    elections.decided(decision, command.reports, reason)
    return elected(decision)
  })
}

function elected({ code, remark, group }: Decision): Response {
  const isNew = code === ResponseCode.SUCCESS
  if (!group || (!isNew && code !== ResponseCode.CONTROLLER_MASTER_STILL_EXIST)) return { code, remark }
  const { masterBrokerId, masterEpoch, syncStateSet, syncStateSetEpoch } = group
  const masterAddress = masterAddressOf(group)
  const brokerMemberGroup = isNew ? membersOf(group) : undefined
  return {
    code,
    remark,
    fields: { masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch },
    body: encodeElectMasterBody({ brokerMemberGroup, syncStateSet }),
  }
}

function membersOf({ cluster, brokerName, replicas }: BrokerGroup) {
  return { cluster, brokerName, brokerAddrs: new Map(replicas.map(({ brokerId, address }) => [brokerId, address])) }
}

function replicaInfo(group: BrokerGroup | undefined): Response {
  if (!group) {
    return { code: ResponseCode.CONTROLLER_BROKER_METADATA_NOT_EXIST, remark: 'Broker metadata is not existed' }
  }
  const { masterBrokerId, masterEpoch, syncStateSet, syncStateSetEpoch } = group
  return {
    code: ResponseCode.SUCCESS,
    fields: { masterBrokerId, masterAddress: masterAddressOf(group), masterEpoch },
    body: encodeSyncStateSet({ syncStateSet, syncStateSetEpoch }),
  }
}
