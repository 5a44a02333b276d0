import { listUsers, readTargets, userTable } from '../access.ts'
import { type AdminCommand, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'listUser',
  summary: 'List user from cluster.',
  options: [
    value('b', 'brokerAddr', 'list user for which broker'),
    value('c', 'clusterName', 'list user for specified cluster'),
    value('f', 'filter', 'the filter to list users'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options, print } = context
    for (const address of await readTargets(context)) {
      const users = await listUsers(client, address, options.text('f'))
      if (users.length === 0) continue
      print(userTable(users))
      if (options.has('c')) print(`get user from ${address} success.\n`)
      return
    }
  },
}
