import { type AdminCommand, required } from '../command.ts'
import { deleteKvConfig } from '../kv-config.ts'

export const command: AdminCommand = {
  name: 'deleteKvConfig',
  summary: 'Delete KV config.',
  options: [required('s', 'namespace', 'set the namespace'), required('k', 'key', 'set the key name')],
  async run({ client, options, print }) {
    await deleteKvConfig(client, options.required('s'), options.required('k'))
    print('delete kv config from namespace success.\n')
  },
}
