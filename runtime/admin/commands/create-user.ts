import { putUser } from '../access.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { brokerTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'createUser',
  summary: 'Create user to cluster.',
  options: [
    value('c', 'clusterName', 'create user to which cluster'),
    value('b', 'brokerAddr', 'create user to which broker'),
    required('u', 'username', 'the username of user to create.'),
    required('p', 'password', 'the password of user to create'),
    value('t', 'userType', 'the userType of user to create'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options, print } = context
    const user = {
      username: options.required('u'),
      password: options.required('p'),
      userType: options.text('t') ?? null,
    }
    await onEach(context, await brokerTargets(context), async (address) => {
      await putUser(client, address, user, false)
      print(`create user to ${address} success.\n`)
    })
  },
}
