import { aclOfOptions, putAcl } from '../access.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { brokerTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'updateAcl',
  summary: 'Update acl to cluster.',
  options: [
    value('c', 'clusterName', 'update acl to which cluster'),
    value('b', 'brokerAddr', 'update acl to which broker'),
    required('s', 'subject', 'the subject of acl to update.'),
    required('r', 'resources', 'the resources of acl to update'),
    required('a', 'actions', 'the actions of acl to update'),
    required('d', 'decision', 'the decision of acl to update'),
    value('i', 'sourceIp', 'the sourceIps of acl to update'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const acl = aclOfOptions(context)
    await onEach(context, await brokerTargets(context), async (address) => {
      await putAcl(context.client, address, acl, true)
      context.print(`update acl to ${address} success.\n`)
    })
  },
}
