import { encodeReplicasInfo, type ReplicasInfo } from '../../codec/controller/replicas-info.ts'
import { decodeSyncStateSet, encodeSyncStateSet } from '../../codec/controller/sync-state-set.ts'
import { asText, JsonFieldError } from '../../codec/json/json-fields.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { LiveTable } from '../liveness/live-table.ts'
import { type BrokerGroup, masterAddressOf } from '../state/broker-group.ts'
import type { AlterSyncStateSet } from '../state/command.ts'
import type { Decision } from '../state/decision.ts'
import { boundedText, checkIds, checkInt32, readBody, requiredBrokerId, requiredInt32 } from './request-fields.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'agreement' | 'state' | 'live' | 'logger'>

/** What the original answers to a list that is absent or empty. */
const NO_ANSWER: Response = { code: ResponseCode.SYSTEM_ERROR, remark: 'not set any response code' }

export function syncStateSets(services: Needed): Handlers {
  const { agreement, state, live, logger } = services
  return [
    [
      RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
      (request) => {
        const command = readAlteration(request, live)
        return agreement.decide(command, (decision) => {
          const { brokerName, syncStateSet } = command
          const { change, remark } = decision
          if (change) logger.info({ brokerName, syncStateSet, epoch: decision.group?.syncStateSetEpoch }, change)
          else logger.warn({ brokerName, syncStateSet, remark }, 'change of the SyncStateSet refused')
          return altered(decision)
        })
      },
    ],
    [
      RequestCode.CONTROLLER_GET_SYNC_STATE_DATA,
      (request) => {
        const names = request.bodyLength === 0 ? [] : readBody(request, readNames)
        if (names.length === 0) return NO_ANSWER
        return agreement.read(() => {
          const groups = names.flatMap((name) => state.groups.get(name) ?? [])
          const infos = new Map(groups.map((group) => [group.brokerName, infoOf(group, live)]))
          return { code: ResponseCode.SUCCESS, body: encodeReplicasInfo(infos) }
        })
      },
    ],
  ]
}

function readAlteration(request: CommandView, live: LiveTable): AlterSyncStateSet {
  const brokerName = boundedText(request, 'brokerName')
  const { syncStateSet, syncStateSetEpoch } = readBody(request, decodeSyncStateSet)
  checkIds(syncStateSet)
  checkInt32('syncStateSetEpoch', syncStateSetEpoch)
  return {
    kind: 'alterSyncStateSet',
    brokerName,
    masterBrokerId: requiredBrokerId(request, 'masterBrokerId'),
    masterEpoch: requiredInt32(request, 'masterEpoch'),
    syncStateSetEpoch,
    syncStateSet,
    gone: syncStateSet.filter((brokerId) => live.lifeOf(brokerName, brokerId) === 'gone'),
  }
}

function altered({ code, remark, group, change }: Decision): Response {
  if (!group || change === undefined) return { code, remark, fields: { newSyncStateSetEpoch: 0 } }
  const { syncStateSet, syncStateSetEpoch } = group
  return {
    code,
    fields: { newSyncStateSetEpoch: syncStateSetEpoch },
    body: encodeSyncStateSet({ syncStateSet, syncStateSetEpoch }),
  }
}

function readNames(body: Buffer): string[] {
  const names = parseJsonBytes(body)
  if (!Array.isArray(names)) throw new JsonFieldError('the broker names are no list')
  return names.map((name) => asText(name, 'broker name'))
}

function infoOf(group: BrokerGroup, live: LiveTable): ReplicasInfo {
  const { brokerName, masterBrokerId, masterEpoch, syncStateSet, syncStateSetEpoch } = group
  const all = group.replicas.map(({ brokerId, address }) => ({
    brokerName,
    brokerId,
    brokerAddress: address,
    alive: live.lifeOf(brokerName, brokerId) === 'alive',
  }))
  return {
    masterBrokerId,
    masterAddress: masterAddressOf(group),
    masterEpoch,
    syncStateSetEpoch,
    inSyncReplicas: all.filter((replica) => syncStateSet.includes(replica.brokerId)),
    notInSyncReplicas: all.filter((replica) => !syncStateSet.includes(replica.brokerId)),
  }
}
