import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { masterTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'updateColdDataFlowCtrGroupConfig',
  summary: 'Add or update cold data flow ctr group config.',
  options: [
    value('b', 'brokerAddr', 'update which broker'),
    value('c', 'clusterName', 'update which cluster'),
    required('g', 'consumerGroup', 'specific consumerGroup'),
    required('v', 'threshold', 'cold read threshold value'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const { client, options, print } = context
    const body = Buffer.from(`${options.required('g')}=${options.required('v')}\n`)
    await onEach(context, await masterTargets(context), async (address) => {
      await client.call(address, { code: RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, body })
      print(`updateColdDataFlowCtrGroupConfig success, ${address}\n`)
    })
  },
}
