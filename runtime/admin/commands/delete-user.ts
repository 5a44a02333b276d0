import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { brokerTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'deleteUser',
  summary: 'Delete user from cluster.',
  options: [
    value('c', 'clusterName', 'delete acl from which cluster'),
    value('b', 'brokerAddr', 'delete user from which broker'),
    required('u', 'username', 'the username of user to delete.'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options, print } = context
    const fields = { username: options.required('u') }
    await onEach(context, await brokerTargets(context), async (address) => {
      await client.call(address, { code: RequestCode.AUTH_DELETE_USER, fields })
      print(`delete user to ${address} success.\n`)
    })
  },
}
