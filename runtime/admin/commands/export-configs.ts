import { join, resolve } from 'node:path'
import { formatJson } from '../../codec/json/write-json.ts'
import { MASTER_ID } from '../../codec/route/route-data.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { fetchBrokerConfig } from '../metadata.ts'

export const command: AdminCommand = {
  name: 'exportConfigs',
  summary: 'Export configs.',
  options: [
    required('c', 'clusterName', 'choose a cluster to export'),
    value('f', 'filePath', 'export configs.json path | default /tmp/rocketmq/export'),
  ],
  async run({ client, options, disk, print, temporaryFolder, workingFolder }) {
    const groups = await client.brokerGroups(options.required('c'))
    const brokerConfigs: Record<string, Record<string, string>> = {}
    let masterBrokerSize = 0
    let slaveBrokerSize = 0
    for (const { brokerName, brokerAddrs } of groups) {
      const master = brokerAddrs.get(MASTER_ID)
      slaveBrokerSize += brokerAddrs.size - (master === undefined ? 0 : 1)
      if (master === undefined) continue
      masterBrokerSize++
      const config = await fetchBrokerConfig(client, master)
      brokerConfigs[brokerName] = Object.fromEntries(
        KEYS.flatMap((key) => {
          const value = config.get(key)
          return value === undefined ? [] : [[key, value]]
        }),
      )
    }
    const clusterScale = { namesrvSize: client.nameServers.length, masterBrokerSize, slaveBrokerSize }
    const folder = options.text('f')
    const path = join(
      folder === undefined ? join(temporaryFolder, 'rocketmq', 'export') : resolve(workingFolder, folder),
      'configs.json',
    )
    disk.writeFile(path, Buffer.from(formatJson({ brokerConfigs, clusterScale })))
    print(`export ${path} success`)
  },
}

/** The keys that tell clusters apart. */
const KEYS = [
  'brokerClusterName',
  'brokerId',
  'brokerName',
  'brokerRole',
  'fileReservedTime',
  'filterServerNums',
  'flushDiskType',
  'maxMessageSize',
  'messageDelayLevel',
  'msgTraceTopicName',
  'slaveReadEnable',
  'traceOn',
  'traceTopicEnable',
  'useTLS',
  'autoCreateTopicEnable',
  'autoCreateSubscriptionGroup',
]
