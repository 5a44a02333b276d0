import { decodeReplicasInfo, type ReplicasInfo } from '../../codec/controller/replicas-info.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, type CommandContext, value } from '../command.ts'
import { CONTROLLER, callLeader, controllerList } from '../controllers.ts'
import { compareTexts } from '../message-queue.ts'
import { repeatEvery } from '../targets.ts'

export const command: AdminCommand = {
  name: 'getSyncStateSet',
  summary: 'Fetch syncStateSet for target brokers.',
  options: [
    CONTROLLER,
    value('c', 'clusterName', 'which cluster'),
    value('b', 'brokerName', 'which broker to fetch'),
    value('i', 'interval', 'the interval(second) of get info'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  run: (context) => repeatEvery(context, 3000, () => show(context)),
}

async function show({ client, options, print }: CommandContext): Promise<void> {
  const brokerName = options.text('b')
  const names =
    brokerName === undefined
      ? (await client.brokerGroups(options.required('c'))).map((group) => group.brokerName)
      : [brokerName]
  if (names.length === 0) return
  const request = { code: RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, body: encodeJson(names) }
  const { body } = await callLeader(client, controllerList(options.required('a')), request)
  const groups = body ? [...decodeReplicasInfo(body)].sort(([a], [b]) => compareTexts(a, b)) : []
  for (const [name, info] of groups) print(infoText(name, info))
}

function infoText(name: string, info: ReplicasInfo): string {
  const { masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch, inSyncReplicas, notInSyncReplicas } = info
  return [
    `\n#brokerName\t${name}\n#MasterBrokerId\t${masterBrokerId ?? 'null'}\n#MasterAddr\t${masterAddress ?? 'null'}\n`,
    `#MasterEpoch\t${masterEpoch}\n#SyncStateSetEpoch\t${syncStateSetEpoch}\n#SyncStateSetNums\t${inSyncReplicas.length}\n`,
    ...inSyncReplicas.map((replica) => `\nInSyncReplica:\t${identityText(replica)}\n`),
    ...notInSyncReplicas.map((replica) => `\nNotInSyncReplica:\t${identityText(replica)}\n`),
  ].join('')
}

/** As Java prints the object. */
function identityText({ brokerName, brokerId, brokerAddress, alive }: ReplicasInfo['inSyncReplicas'][number]): string {
  return `ReplicaIdentity{brokerName='${brokerName}', brokerId=${brokerId}, brokerAddress='${brokerAddress}', alive=${alive}}`
}
