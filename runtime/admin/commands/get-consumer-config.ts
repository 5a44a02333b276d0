import { asObject } from '../../codec/json/json-fields.ts'
import { addressToRead } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required } from '../command.ts'
import { groupConfigFields } from '../group-config.ts'
import { fetchGroupTable } from '../metadata.ts'
import { row } from '../table.ts'

export const command: AdminCommand = {
  name: 'getConsumerConfig',
  summary: 'Get consumer config by subscription group name.',
  options: [required('g', 'groupName', 'subscription group name')],
  async run({ client, options, print }) {
    const group = options.required('g')
    const { brokers } = await client.clusterInfo()
    let isFound = false
    for (const broker of brokers.values()) {
      const address = addressToRead(broker)
      const config = address === undefined ? undefined : (await fetchGroupTable(client, address)).table[group]
      if (config === undefined) continue
      isFound = true
      const line = '='.repeat(29)
      print(`${line}${broker.cluster}:${broker.brokerName}${line}\n`)
      for (const [name, value] of groupConfigFields(asObject(config, group), ''))
        print(row('%-40s=  %s\n', name, value))
    }
    if (!isFound) throw new AdminError(`no broker knows a subscription group ${group}; create it with updateSubGroup`)
  },
}
