import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { brokerTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'deleteAcl',
  summary: 'Delete acl from cluster.',
  options: [
    value('c', 'clusterName', 'delete acl from which cluster'),
    value('b', 'brokerAddr', 'delete acl from which broker'),
    required('s', 'subject', 'the subject of acl to delete.'),
    value('r', 'resources', 'the resources of acl to delete'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options, print } = context
    const fields = { subject: options.required('s'), resource: options.text('r') }
    await onEach(context, await brokerTargets(context), async (address) => {
      await client.call(address, { code: RequestCode.AUTH_DELETE_ACL, fields })
      print(`delete acl to ${address} success.\n`)
    })
  },
}
