import { MASTER_ID } from '../../codec/route/route-data.ts'
import { addressesOf } from '../admin-client.ts'
import { type AdminCommand, type CommandContext, value } from '../command.ts'
import { fetchBrokerConfig } from '../metadata.ts'
import { row } from '../table.ts'
import { onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'getBrokerConfig',
  summary: 'Get broker config by cluster or special broker.',
  options: [value('b', 'brokerAddr', 'get which broker'), value('c', 'clusterName', 'get which cluster')],
  oneOf: ['b', 'c'],
  async run(context) {
    const address = context.options.text('b')
    if (address !== undefined) return printConfig(context, address, address)
    for (const group of await context.client.brokerGroups(context.options.required('c'))) {
      const master = group.brokerAddrs.get(MASTER_ID)
      if (master === undefined) context.print('============Master: NO_MASTER============\n')
      await onEach(context, addressesOf(group), (each) => {
        const title = each === master ? `Master: ${each}` : `My Master: ${master ?? 'NO_MASTER'}=====Slave: ${each}`
        return printConfig(context, each, title)
      })
    }
  },
}

async function printConfig({ client, print }: CommandContext, address: string, title: string): Promise<void> {
  const config = await fetchBrokerConfig(client, address)
  print(`============${title}============\n`)
  for (const [key, value] of config) print(row('%-50s=  %s\n', key, value))
  print('\n')
}
