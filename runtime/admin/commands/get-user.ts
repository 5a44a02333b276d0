import { getUser, readTargets, userTable } from '../access.ts'
import { type AdminCommand, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'getUser',
  summary: 'Get user from cluster.',
  options: [
    value('b', 'brokerAddr', 'get user for which broker'),
    value('c', 'clusterName', 'get user for specified cluster'),
    value('u', 'username', 'the username of user to get'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options, print } = context
    for (const address of await readTargets(context)) {
      const user = await getUser(client, address, options.required('u'))
      if (user !== undefined) return print(userTable([user]))
    }
  },
}
