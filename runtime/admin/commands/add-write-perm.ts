import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required } from '../command.ts'
import { changeWritePerm } from '../write-perm.ts'

export const command: AdminCommand = {
  name: 'addWritePerm',
  summary: 'Add write perm of broker in all name server you defined in the -n param.',
  options: [required('b', 'brokerName', 'broker name')],
  run: (context) =>
    changeWritePerm(context, { code: RequestCode.ADD_WRITE_PERM_OF_BROKER, verb: 'add', countField: 'addTopicCount' }),
}
