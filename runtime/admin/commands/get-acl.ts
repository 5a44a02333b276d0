import { aclTable, getAcl, readTargets } from '../access.ts'
import { type AdminCommand, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'getAcl',
  summary: 'Get acl from cluster.',
  options: [
    value('b', 'brokerAddr', 'get acl for which broker'),
    value('c', 'clusterName', 'get acl for specified cluster'),
    value('s', 'subject', 'the subject of acl to get'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options, print } = context
    for (const address of await readTargets(context)) {
      const acl = await getAcl(client, address, options.required('s'))
      if (acl !== undefined) print(aclTable([acl]))
    }
  },
}
