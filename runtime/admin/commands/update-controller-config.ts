import { RequestCode } from '../../codec/remoting/request-code.ts'
import { renderProperty } from '../../config/properties-file.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required } from '../command.ts'
import { CONTROLLERS, controllerList } from '../controllers.ts'

export const command: AdminCommand = {
  name: 'updateControllerConfig',
  summary: 'Update controller config.',
  options: [CONTROLLERS, required('k', 'key', 'config key'), required('v', 'value', 'config value')],
  async run({ client, options, print }) {
    const addresses = controllerList(options.required('a'))
    const key = options.required('k')
    const value = options.required('v')
    const body = Buffer.from(`${renderProperty(key, value)}\n`)
    const problems: string[] = []
    for (const address of addresses) {
      try {
        await client.call(address, { code: RequestCode.UPDATE_CONTROLLER_CONFIG, body })
      } catch (error) {
        if (!(error instanceof AdminError)) throw error
        problems.push(error.message)
      }
    }
    if (problems.length > 0) throw new AdminError(problems.join('; '))
    print(`update controller config success![${addresses.join(', ')}]\n${key} : ${value}\n`)
  },
}
