import { RequestCode } from '../../codec/remoting/request-code.ts'
import { renderProperty } from '../../config/properties-file.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required } from '../command.ts'

export const command: AdminCommand = {
  name: 'updateNamesrvConfig',
  summary: 'Update configs of name server.',
  options: [required('k', 'key', 'config key'), required('v', 'value', 'config value')],
  async run({ client, options, print }) {
    const key = options.required('k')
    const value = options.required('v')
    const body = Buffer.from(`${renderProperty(key, value)}\n`)
    const problems: string[] = []
    for (const address of client.nameServers) {
      try {
        await client.call(address, { code: RequestCode.UPDATE_NAMESRV_CONFIG, body })
      } catch (error) {
        if (!(error instanceof AdminError)) throw error
        problems.push(error.message)
      }
    }
    if (problems.length > 0) throw new AdminError(problems.join('; '))
    const servers = options.has('n') ? `[${client.nameServers.join(', ')}]` : ''
    print(`update name server config success!${servers}\n${key} : ${value}\n`)
  },
}
