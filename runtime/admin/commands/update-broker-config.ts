import { RequestCode } from '../../codec/remoting/request-code.ts'
import { renderProperty } from '../../config/properties-file.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { brokerTargets, masterTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'updateBrokerConfig',
  summary: "Update broker's config.",
  options: [
    value('b', 'brokerAddr', 'update which broker'),
    value('c', 'clusterName', 'update which cluster'),
    value('a', 'updateAllBroker', 'update all brokers include slave'),
    required('k', 'key', 'config key'),
    required('v', 'value', 'config value'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const { client, options, print } = context
    const body = Buffer.from(`${renderProperty(options.required('k'), options.required('v'))}\n`)
    const addresses = options.has('a') ? await brokerTargets(context) : await masterTargets(context)
    await onEach(context, addresses, async (address) => {
      await client.call(address, { code: RequestCode.UPDATE_BROKER_CONFIG, body })
      print(`update broker config success, ${address}\n`)
    })
  },
}
