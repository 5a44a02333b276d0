import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'resetMasterFlushOffset',
  summary: 'Reset master flush offset in slave.',
  options: [value('b', 'brokerAddr', 'which broker to reset'), value('o', 'offset', 'the offset to reset at')],
  async run({ client, options, print }) {
    const address = options.required('b')
    options.required('o')
    const masterFlushOffset = options.integer('o') ?? 0
    await client.call(address, { code: RequestCode.RESET_MASTER_FLUSH_OFFSET, fields: { masterFlushOffset } })
    print(`reset master flush offset to ${masterFlushOffset} success\n`)
  },
}
