import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required } from '../command.ts'
import { changeWritePerm } from '../write-perm.ts'

export const command: AdminCommand = {
  name: 'wipeWritePerm',
  summary: 'Wipe write perm of broker in all name server you defined in the -n param.',
  options: [required('b', 'brokerName', 'broker name')],
  run: (context) =>
    changeWritePerm(context, {
      code: RequestCode.WIPE_WRITE_PERM_OF_BROKER,
      verb: 'wipe',
      countField: 'wipeTopicCount',
    }),
}
