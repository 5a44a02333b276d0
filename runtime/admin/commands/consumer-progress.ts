import { objectField } from '../../codec/json/json-fields.ts'
import type { AdminClient } from '../admin-client.ts'
import { AbsentError, AdminError, RefusedError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, value } from '../command.ts'
import { type ConsumeStats, groupConsumeStats, type QueueProgress, totalDiff } from '../consume-stats.ts'
import { type ConsumerConnection, consumerConnection, consumerRunningInfo } from '../consumers.ts'
import { humanSeconds, versionName } from '../java-text.ts'
import { queueEntries, queueText } from '../message-queue.ts'
import { cut, heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'consumerProgress',
  summary: "Query consumer's progress, speed.",
  options: [
    value('g', 'groupName', 'consumer group name'),
    value('t', 'topicName', 'topic name'),
    value('s', 'showClientIP', 'Show Client IP per Queue'),
    value('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  ],
  run: (context) => (context.options.has('g') ? printGroup(context) : printGroups(context)),
}

const QUEUE = '%-64s  %-32s  %-4d  %-20d  %-20d  %-20d %-20d %s%n'
const QUEUE_WITH_IP = '%-64s  %-32s  %-4d  %-20d  %-20d  %-20s %-20d %-20d %s%n'

async function printGroup({ client, options, print }: CommandContext): Promise<void> {
  const group = options.required('g')
  const stats = await groupConsumeStats(client, group, options.text('t'), options.text('c'))
  if (stats.queues.length === 0) await explainNothing(client, group)
  const withIp = options.boolean('s') === true
  const owners = withIp ? await queueOwners(client, group) : undefined
  const titles = ['#Topic', '#Broker Name', '#QID', '#Broker Offset', '#Consumer Offset']
  const more = withIp ? ['#Client IP', '#Diff', '#Inflight', '#LastTime'] : ['#Diff', '#Inflight', '#LastTime']
  // The official heading lacks the blank before its last column.
  print(heading((withIp ? QUEUE_WITH_IP : QUEUE).replace(' %s%n', '%s%n'), ...titles, ...more))
  let inflightTotal = 0
  for (const queue of stats.queues) {
    inflightTotal += queue.pullOffset - queue.consumerOffset
    print(queueLine(queue, owners))
  }
  print(row('%nConsume TPS: %.2f%n', stats.consumeTps))
  print(`Consume Diff Total: ${totalDiff(stats)}\nConsume Inflight Total: ${inflightTotal}\n`)
}

function queueLine(queue: QueueProgress, owners: ReadonlyMap<string, string> | undefined): string {
  const { topic, brokerName, queueId, brokerOffset, consumerOffset, pullOffset, lastTimeMs } = queue
  const place = [cut(topic, 64), cut(brokerName, 32), queueId, brokerOffset, consumerOffset]
  const lastTime = lastTimeMs === 0 ? 'N/A' : humanSeconds(lastTimeMs)
  const distances = [brokerOffset - consumerOffset, pullOffset - consumerOffset, lastTime]
  if (!owners) return row(QUEUE, ...place, ...distances)
  return row(QUEUE_WITH_IP, ...place, owners.get(queueText(queue)) ?? 'N/A', ...distances)
}

/** The part of the client id before the @, by the text of the queue it reads. */
async function queueOwners(client: AdminClient, group: string): Promise<Map<string, string>> {
  const owners = new Map<string, string>()
  const { connections } = await consumerConnection(client, group)
  for (const { clientId } of connections) {
    const info = await consumerRunningInfo(client, group, clientId, false)
    for (const [queue] of queueEntries(objectField(info, 'mqTable'))) {
      owners.set(queueText(queue), clientId.split('@')[0] ?? clientId)
    }
  }
  return owners
}

async function explainNothing(client: AdminClient, group: string): Promise<never> {
  const connection = await orNothing(consumerConnection(client, group))
  if (connection?.messageModel === 'BROADCASTING') {
    throw new AdminError(`group ${group} broadcasts: its clients keep their offsets, brokers know none`)
  }
  throw new AdminError(`group ${group} has no offsets on any broker: it has consumed nothing yet`)
}

const GROUP = '%-64s  %-6d  %-24s %-5s  %-14s  %-7d  %d%n'

async function printGroups({ client, print }: CommandContext): Promise<void> {
  print(heading(GROUP, '#Group', '#Count', '#Version', '#Type', '#Model', '#TPS', '#Diff Total'))
  for (const topic of await client.topicList()) {
    if (!topic.startsWith('%RETRY%')) continue
    const group = topic.slice('%RETRY%'.length)
    const stats = await orNothing(groupConsumeStats(client, group))
    print(groupLine(group, stats, await orNothing(consumerConnection(client, group))))
  }
}

function groupLine(group: string, stats: ConsumeStats | undefined, online: ConsumerConnection | undefined): string {
  const tps = Math.trunc(stats?.consumeTps ?? 0)
  const diff = stats ? totalDiff(stats) : 0
  const name = cut(group, 64)
  if (!online) return row(GROUP, name, 0, 'OFFLINE', '', '', tps, diff)
  const version = versionName(Math.min(...online.connections.map((connection) => connection.version)))
  const isPush = online.consumeType !== 'CONSUME_ACTIVELY'
  const model = online.consumeType === 'CONSUME_PASSIVELY' ? online.messageModel : ''
  return row(GROUP, name, online.connections.length, version, isPush ? 'PUSH' : 'PULL', model, tps, diff)
}

/** A group of which a broker knows nothing is listed all the same. */
async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof RefusedError || error instanceof AbsentError) return undefined
    throw error
  }
}
