import { encodeSyncStateSet } from '../../codec/controller/sync-state-set.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { Logger } from '../../observe/logger.ts'
import type { LiveTable } from '../liveness/live-table.ts'
import { masterAddressOf, replicaOf } from '../state/broker-group.ts'
import type { RegisterBroker } from '../state/command.ts'
import type { Decision } from '../state/decision.ts'
import { boundedText, requiredBrokerId } from './request-fields.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'agreement' | 'consensus' | 'state' | 'live' | 'elections' | 'logger'>

/**
 * CONTROLLER_REGISTER_BROKER: a broker has started. It may say `logIntact`: that its log holds everything it ever
 * confirmed (it was stopped in order, or only its process died and not its machine).
 */
export function registerBroker(services: Needed): Handlers {
  return [[RequestCode.CONTROLLER_REGISTER_BROKER, (request, channel) => register(services, request, channel)]]
}

function register(services: Needed, request: CommandView, channel: Channel): Promise<Response> {
  const { agreement, consensus, live, state } = services
  const brokerName = boundedText(request, 'brokerName')
  const brokerId = requiredBrokerId(request, 'brokerId')
  const group = state.groups.get(brokerName)
  const master = group?.masterBrokerId
  const sender = live.find(brokerName, brokerId)
  const command: RegisterBroker = {
    kind: 'registerBroker',
    cluster: boundedText(request, 'clusterName'),
    brokerName,
    brokerId,
    address: boundedText(request, 'brokerAddress'),
    // A process registers when it starts; and on the connection of its heartbeats when it finds itself not in the books.
    mayHaveLost: sender?.channel !== channel && request.flagField('logIntact') !== true,
    isMasterThere: master !== undefined && live.lifeOf(brokerName, master) !== 'gone',
  }
  const address = group && replicaOf(group, brokerId)?.address
  // By the heartbeats of a broker with this id, which are still coming; one that has moved waits until its old life is over.
  if (consensus.isLeader && sender?.isAlive && sender.channel !== channel && address !== command.address) {
    return Promise.resolve(doubled(services.logger, command, address))
  }
  // What the process before has said of its log is not true of this one.
  const matters = master === brokerId || group?.syncStateSet.includes(brokerId)
  if (consensus.isLeader && command.mayHaveLost && matters && sender) live.restarted(sender)
  return agreement.decide(command, (decision) => {
    report(services, command, decision)
    const response = answer(command, decision)
    if (response.fields?.['masterBrokerId'] !== undefined) noteTold(live, command, decision)
    return response
  })
}

/** Two processes with one id: both would be master at the same epoch. */
function doubled(logger: Logger, command: RegisterBroker, known: string | undefined): Response {
  const { cluster, brokerName, brokerId, address } = command
  const remark =
    `BrokerId: ${brokerId} of broker-set: ${brokerName} is alive at ${known}, so ${address} cannot be it: was its store ` +
    `copied? To make ${address} a replica of its own remove the file brokerIdentity from its store`
  logger.warn({ cluster, brokerName, brokerId, address, remark }, 'registration refused')
  const fields = { clusterName: cluster, brokerName }
  return { code: ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED, remark, fields }
}

/** The answer has told the broker who is master: its first heartbeat comes before it takes notices. */
function noteTold(live: LiveTable, { brokerId }: RegisterBroker, { group }: Decision): void {
  const { brokerName, masterEpoch } = group!
  const broker = live.find(brokerName, brokerId) ?? live.add(brokerName, brokerId)
  broker.notifiedEpoch = masterEpoch
}

function report({ elections, live, logger }: Needed, command: RegisterBroker, decision: Decision): void {
  const { cluster, brokerName, brokerId, address, mayHaveLost } = command
  const { code, remark, group, change } = decision
  if (code === ResponseCode.SUCCESS) {
    logger.info({ cluster, brokerName, brokerId, address, mayHaveLost, change }, 'broker registered')
  } else logger.warn({ cluster, brokerName, brokerId, address, remark }, 'registration refused')
  if (!group || !mayHaveLost || (change !== 'master vacated' && change !== 'sync state set changed')) return
  const reason = `broker ${brokerId} has started again and may have lost the end of its log`
  if (change === 'master vacated') elections.decided(decision, live.reports(group), reason)
  else logger.warn({ cluster, brokerName, syncStateSet: group.syncStateSet, reason }, 'SyncStateSet shrunk')
  elections.consider(brokerName, reason)
}

function answer({ cluster, brokerName, isMasterThere }: RegisterBroker, { code, remark, group }: Decision): Response {
  const fields = { clusterName: cluster, brokerName }
  if (code !== ResponseCode.SUCCESS || !group) return { code, remark, fields }
  const { masterBrokerId, masterEpoch, syncStateSet, syncStateSetEpoch } = group
  const body = encodeSyncStateSet({ syncStateSet, syncStateSetEpoch })
  if (masterBrokerId === undefined || !isMasterThere) return { code, remark, fields, body }
  const masterAddress = masterAddressOf(group)
  return { code, remark, fields: { ...fields, masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch }, body }
}
