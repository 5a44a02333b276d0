import { join, resolve } from 'node:path'
import { asObject, integerField } from '../../codec/json/json-fields.ts'
import type { JsonInput, JsonObject } from '../../codec/json/json-value.ts'
import { formatJson } from '../../codec/json/write-json.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, flag, value } from '../command.ts'
import { fetchUserGroups, fetchUserTopics } from '../metadata.ts'

export const command: AdminCommand = {
  name: 'exportMetadata',
  summary: 'Export metadata.',
  options: [
    value('c', 'clusterName', 'choose a cluster to export'),
    value('b', 'brokerAddr', 'choose a broker to export'),
    value('f', 'filePath', 'export metadata.json path | default /tmp/rocketmq/export'),
    flag('t', 'topic', 'only export topic metadata'),
    flag('g', 'subscriptionGroup', 'only export subscriptionGroup metadata'),
    flag('s', 'specialTopic', 'need retryTopic and dlqTopic'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const { options } = context
    if (options.has('b')) return exportBroker(context, options.required('b'))
    return exportCluster(context, options.required('c'))
  },
}

async function exportBroker(context: CommandContext, address: string): Promise<void> {
  const { client, options } = context
  if (options.has('t')) {
    const { table, dataVersion } = await fetchUserTopics(client, address, options.has('s'))
    save(context, 'topic.json', { dataVersion, topicConfigTable: table })
  } else if (options.has('g')) {
    const { table, dataVersion } = await fetchUserGroups(client, address)
    save(context, 'subscriptionGroup.json', { dataVersion, forbiddenTable: {}, subscriptionGroupTable: table })
  } else {
    throw new AdminError('exportMetadata: -b needs -t (topics) or -g (subscription groups)')
  }
}

async function exportCluster(context: CommandContext, cluster: string): Promise<void> {
  const { client, options, clock } = context
  const topicConfigTable: JsonObject = {}
  const subscriptionGroupTable: JsonObject = {}
  for (const address of await client.masters(cluster)) {
    const topics = await fetchUserTopics(client, address, options.has('s'))
    merge(topicConfigTable, topics.table, ['readQueueNums', 'writeQueueNums'])
    merge(subscriptionGroupTable, (await fetchUserGroups(client, address)).table, ['retryQueueNums'])
  }
  const exportTime = clock.now()
  if (options.has('t')) save(context, 'topic.json', { exportTime, topicConfigTable })
  else if (options.has('g')) save(context, 'subscriptionGroup.json', { exportTime, subscriptionGroupTable })
  else save(context, 'metadata.json', { exportTime, subscriptionGroupTable, topicConfigTable })
}

/** What several brokers have in common counts the queues of all of them. */
function merge(into: JsonObject, table: JsonObject, summed: readonly string[]): void {
  for (const [name, value] of Object.entries(table)) {
    const entry = { ...asObject(value, name) }
    const known = into[name]
    if (known !== undefined) {
      for (const field of summed) {
        entry[field] = (integerField(asObject(known, name), field) ?? 0) + (integerField(entry, field) ?? 0)
      }
    }
    into[name] = entry
  }
}

function save(
  { options, disk, print, temporaryFolder, workingFolder }: CommandContext,
  name: string,
  content: JsonInput,
): void {
  const folder = options.text('f')
  const path = join(
    folder === undefined ? join(temporaryFolder, 'rocketmq', 'export') : resolve(workingFolder, folder),
    name,
  )
  disk.writeFile(path, Buffer.from(formatJson(content)))
  print(`export ${path} success\n`)
}
