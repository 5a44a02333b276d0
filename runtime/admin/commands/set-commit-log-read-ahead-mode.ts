import { RequestCode } from '../../codec/remoting/request-code.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { onEachReplica } from '../replica-targets.ts'

export const command: AdminCommand = {
  name: 'setCommitLogReadAheadMode',
  summary: 'Set read ahead mode for all commitlog files.',
  options: [
    value('b', 'brokerAddr', 'set which broker'),
    value('c', 'clusterName', 'set which cluster'),
    required('m', 'commitLogReadAheadMode', 'set the CommitLog read ahead mode; 0 is default, 1 random read'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const { client, options, print } = context
    const mode = options.required('m')
    if (mode !== '0' && mode !== '1') {
      throw new AdminError(`-m is ${mode}: set the read mode error; 0 is default, 1 random read`)
    }
    await onEachReplica(context, async (address, title) => {
      const fields = { READ_AHEAD_MODE: mode }
      const { remark } = await client.call(address, { code: RequestCode.SET_COMMITLOG_READ_MODE, fields })
      print(`${title}commitLog set readAhead mode rstStr${remark ?? ''}\n`)
    })
  },
}
