import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { masterTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'removeColdDataFlowCtrGroupConfig',
  summary: 'Remove consumer from cold ctr config.',
  options: [
    value('b', 'brokerAddr', 'update which broker'),
    value('c', 'clusterName', 'update which cluster'),
    required('g', 'consumerGroup', 'the consumer group will remove from the config'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const { client, options, print } = context
    const body = Buffer.from(options.required('g'))
    await onEach(context, await masterTargets(context), async (address) => {
      await client.call(address, { code: RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, body })
      print(`remove broker cold read threshold success, ${address}\n`)
    })
  },
}
