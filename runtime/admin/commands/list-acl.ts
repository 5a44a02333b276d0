import { aclTable, listAcls, readTargets } from '../access.ts'
import { type AdminCommand, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'listAcl',
  summary: 'List acl from cluster.',
  options: [
    value('b', 'brokerAddr', 'list acl for which broker.'),
    value('c', 'clusterName', 'list acl for specified cluster.'),
    value('s', 'subject', 'the subject of acl to filter.'),
    value('r', 'resource', 'the resource of acl to filter.'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options, print } = context
    for (const address of await readTargets(context)) {
      const acls = await listAcls(client, address, options.text('s'), options.text('r'))
      if (acls.length > 0) print(aclTable(acls))
    }
  },
}
