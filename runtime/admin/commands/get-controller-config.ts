import { RequestCode } from '../../codec/remoting/request-code.ts'
import { parseProperties } from '../../config/properties-file.ts'
import type { AdminCommand } from '../command.ts'
import { CONTROLLERS, controllerList } from '../controllers.ts'
import { sortedProperties } from '../metadata.ts'
import { row } from '../table.ts'
import { onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'getControllerConfig',
  summary: 'Get controller config.',
  options: [CONTROLLERS],
  async run(context) {
    const { client, options, print } = context
    await onEach(context, controllerList(options.required('a')), async (address) => {
      const { body } = await client.call(address, { code: RequestCode.GET_CONTROLLER_CONFIG })
      print(`============${address}============\n`)
      const config = sortedProperties(parseProperties(body?.toString('utf8') ?? ''))
      for (const [key, value] of config) print(row('%-50s=  %s\n', key, value))
    })
  },
}
