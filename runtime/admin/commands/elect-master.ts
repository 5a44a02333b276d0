import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required } from '../command.ts'
import { CONTROLLER, callLeader, controllerList } from '../controllers.ts'

export const command: AdminCommand = {
  name: 'electMaster',
  summary: 'Re-elect the specified broker as master.',
  options: [
    { ...CONTROLLER, description: 'The address of controller' },
    required('b', 'brokerId', 'The id of the broker which requires to become master'),
    required('bn', 'brokerName', 'The broker name of the replicas that require to be manipulated'),
    required('c', 'clusterName', 'the clusterName of broker'),
  ],
  async run({ client, options, clock, print }) {
    options.required('b')
    const clusterName = options.required('c')
    const brokerName = options.required('bn')
    const brokerId = options.integer('b')
    const fields = { clusterName, brokerName, brokerId, designateElect: true, invokeTime: clock.now() }
    const request = { code: RequestCode.CONTROLLER_ELECT_MASTER, fields }
    const answer = await callLeader(client, controllerList(options.required('a')), request)
    print(
      `\n#ClusterName\t${clusterName}` +
        `\n#BrokerName\t${brokerName}` +
        `\n#BrokerMasterAddr\t${answer.fields['masterAddress'] ?? 'null'}` +
        `\n#MasterEpoch\t${answer.fields['masterEpoch'] ?? 'null'}` +
        `\n#SyncStateSetEpoch\t${answer.fields['syncStateSetEpoch'] ?? 'null'}\n`,
    )
  },
}
