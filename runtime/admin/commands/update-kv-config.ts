import { type AdminCommand, required } from '../command.ts'
import { putKvConfig } from '../kv-config.ts'

export const command: AdminCommand = {
  name: 'updateKvConfig',
  summary: 'Create or update KV config.',
  options: [
    required('s', 'namespace', 'set the namespace'),
    required('k', 'key', 'set the key name'),
    required('v', 'value', 'set the key value'),
  ],
  async run({ client, options, print }) {
    await putKvConfig(client, options.required('s'), options.required('k'), options.required('v'))
    print('create or update kv config to namespace success.\n')
  },
}
