import { RequestCode } from '../../codec/remoting/request-code.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, flag, required, value } from '../command.ts'
import { CONTROLLER, callLeader, controllerList } from '../controllers.ts'

export const command: AdminCommand = {
  name: 'cleanBrokerMetadata',
  summary: 'Clean metadata of broker on controller.',
  options: [
    { ...CONTROLLER, description: 'The address of controller' },
    value(
      'b',
      'brokerControllerIdsToClean',
      'The brokerController id list which requires to clean metadata. eg: 1;2;3, means that clean broker-1, broker-2 and broker-3',
    ),
    required('bn', 'brokerName', 'The broker name of the replicas that require to be manipulated'),
    value('c', 'clusterName', 'The clusterName of broker'),
    flag('l', 'cleanLivingBroker', 'Whether clean up living brokers,default value is false'),
  ],
  async run({ client, options, clock, print }) {
    const brokerName = options.required('bn')
    const clusterName = options.text('c')
    const isCleanLivingBroker = options.has('l')
    if (!isCleanLivingBroker && !clusterName) {
      throw new AdminError('cleanBrokerMetadata: give -c <clusterName>, or -l to clean brokers even if they live')
    }
    const brokerControllerIdsToClean = options.text('b')
    const invokeTime = clock.now()
    const fields = { clusterName, brokerName, brokerControllerIdsToClean, isCleanLivingBroker, invokeTime }
    const request = { code: RequestCode.CLEAN_BROKER_DATA, fields }
    await callLeader(client, controllerList(options.required('a')), request)
    print(`clear broker ${brokerName} metadata from controller success! \n`)
  },
}
