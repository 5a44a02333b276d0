import { type AdminCommand, value } from '../command.ts'
import { fetchRuntimeStats } from '../metadata.ts'
import { row } from '../table.ts'
import { brokerTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'brokerStatus',
  summary: 'Fetch broker runtime status data.',
  options: [value('b', 'brokerAddr', 'Broker address'), value('c', 'clusterName', 'which cluster')],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options, print } = context
    const isSingle = options.has('b')
    await onEach(context, await brokerTargets(context), async (address) => {
      const prefix = isSingle ? '' : row('%-24s ', address)
      for (const [name, value] of await fetchRuntimeStats(client, address)) {
        print(`${prefix}${row('%-32s: %s%n', name, value)}`)
      }
    })
  },
}
