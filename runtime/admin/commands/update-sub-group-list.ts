import { encodeJson } from '../../codec/json/write-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { readListFile } from '../list-file.ts'
import { masterTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'updateSubGroupList',
  summary: 'Update or create subscription group in batch',
  options: [
    value('b', 'brokerAddr', 'create groups to which broker'),
    value('c', 'clusterName', 'create groups to which cluster'),
    required(
      'f',
      'filename',
      'Path to a file with a list of org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig in json format',
    ),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const groupConfigList = readListFile(context, context.options.required('f'))
    const body = encodeJson({ groupConfigList })
    const what = context.options.has('b') ? 'group' : 'subscription group'
    await onEach(context, await masterTargets(context), async (address) => {
      await context.client.call(address, { code: RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, body })
      context.print(`submit batch of ${what} config to ${address} success, please check the result later.\n`)
    })
  },
}
