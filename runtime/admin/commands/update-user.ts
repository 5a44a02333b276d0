import { putUser } from '../access.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { brokerTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'updateUser',
  summary: 'Update user to cluster.',
  options: [
    value('c', 'clusterName', 'update user to which cluster'),
    value('b', 'brokerAddr', 'update user to which broker'),
    required('u', 'username', 'the username of user to update.'),
    value('p', 'password', 'the password of user to update'),
    value('t', 'userType', 'the userType of user to update'),
    value('s', 'userStatus', 'the userStatus of user to update'),
  ],
  oneOf: ['b', 'c'],
  someOf: ['p', 's', 't'],
  async run(context) {
    const { client, options, print } = context
    const user = {
      username: options.required('u'),
      password: options.text('p') ?? null,
      userType: options.text('t') ?? null,
      userStatus: options.text('s') ?? null,
    }
    await onEach(context, await brokerTargets(context), async (address) => {
      await putUser(client, address, user, true)
      print(`update user to ${address} success.\n`)
    })
  },
}
