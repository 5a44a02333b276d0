import { aclOfOptions, putAcl } from '../access.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { brokerTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'createAcl',
  summary: 'Create acl to cluster.',
  options: [
    value('c', 'clusterName', 'create acl to which cluster'),
    value('b', 'brokerAddr', 'create acl to which broker'),
    required('s', 'subject', 'the subject of acl to create.'),
    required('r', 'resources', 'the resources of acl to create'),
    required('a', 'actions', 'the actions of acl to create'),
    required('d', 'decision', 'the decision of acl to create'),
    value('i', 'sourceIp', 'the sourceIps of acl to create'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const acl = aclOfOptions(context)
    await onEach(context, await brokerTargets(context), async (address) => {
      await putAcl(context.client, address, acl, false)
      context.print(`create acl to ${address} success.\n`)
    })
  },
}
