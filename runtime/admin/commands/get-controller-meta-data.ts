import type { AdminCommand } from '../command.ts'
import { CONTROLLER, controllerMetadata } from '../controllers.ts'

export const command: AdminCommand = {
  name: 'getControllerMetaData',
  summary: "Get controller cluster's metadata.",
  options: [CONTROLLER],
  async run({ client, options, print }) {
    const { fields } = await controllerMetadata(client, options.required('a'))
    const peers = (fields['peers'] ?? '').split(';').filter((peer) => peer !== '')
    print(
      `\n#ControllerGroup\t${fields['group'] ?? 'null'}` +
        `\n#ControllerLeaderId\t${fields['controllerLeaderId'] ?? 'null'}` +
        `\n#ControllerLeaderAddress\t${fields['controllerLeaderAddress'] ?? 'null'}` +
        peers.map((peer) => `\n#Peer:\t${peer}`).join('') +
        '\n',
    )
  },
}
