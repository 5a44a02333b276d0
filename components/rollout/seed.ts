import { updateTopic } from '../../runtime/admin/topic-config.ts'
import { asObject, asText, booleanField, integerField, objectField } from '../../runtime/codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../../runtime/codec/json/json-value.ts'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { MASTER_ID, PERM_READ, PERM_WRITE } from '../../runtime/codec/route/route-data.ts'
import { putConsumerGroup, putTopic } from '../admin/put-requests.ts'
import type { PlannedConsumerGroup, PlannedTopic } from '../plan/plan.ts'
import type { LiveCluster } from './live-cluster.ts'
import { adminOf, userGroups, userTopics } from './metadata-tables.ts'
import { brokerGroups, fromNameServers, type GroupMembers } from './routes.ts'
import { waitUntil } from './waiting.ts'

/** What the configuration declares. */
export interface Declared {
  readonly topics: readonly PlannedTopic[]
  readonly consumerGroups: readonly PlannedConsumerGroup[]
}

export interface SeedRequest extends Declared {
  readonly group: string
  readonly timeoutMs: number
  /** Groups that are there: without any of them something might be left out, so that their masters are waited for. */
  readonly from?: readonly string[]
  /** Makes of what is declared only what another group has already: whoever declares it makes the rest. */
  readonly onlyKnown?: boolean
}

/** Names of what a new group was given. */
export interface SeedReport {
  readonly consumerGroups: readonly string[]
  readonly topics: readonly string[]
}

/**
 * Gives a new broker group what the others have, so that it gets its share of the load: first the consumer groups, those of
 * the configuration and those that users made, then the topics. As soon as a topic is there NameServers send producers and
 * consumers to the group; the consumers then find their groups with the settings they have elsewhere. What is there already
 * stays as it is. Topics that the configuration keeps away from the group are not made.
 */
export async function seedGroup(cluster: LiveCluster, request: SeedRequest): Promise<SeedReport> {
  const { group, timeoutMs, from = [] } = request
  let groups: ReadonlyMap<string, GroupMembers> = new Map()
  const what = from.length === 0 ? `${group} has a master` : `${[group, ...from].join(', ')} have masters`
  await waitUntil(cluster, what, timeoutMs, async () => {
    groups = await knownGroups(cluster)
    const lost = [group, ...from].find((each) => groups.get(each)?.has(MASTER_ID) !== true)
    if (lost === undefined) return undefined
    return lost === group ? 'no NameServer knows one' : `no NameServer knows one of ${lost}`
  })
  const master = groups.get(group)?.get(MASTER_ID) ?? ''
  const others = [...groups].flatMap(([name, members]) => (name === group ? [] : (members.get(MASTER_ID) ?? [])))
  const known = {
    groups: await tableOf(others, (other) => userGroups(cluster, other)),
    topics: await tableOf(others, (other) => userTopics(cluster, other)),
  }
  return {
    consumerGroups: await seedConsumerGroups(cluster, master, known.groups, request),
    topics: await seedTopics(cluster, master, known.topics, request),
  }
}

/** Groups by name, of all NameServers together. */
async function knownGroups(cluster: LiveCluster): Promise<ReadonlyMap<string, GroupMembers>> {
  const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
  return new Map([...answers.values()].reverse().flatMap((groups) => [...groups]))
}

type Table = ReadonlyMap<string, JsonValue>

async function seedConsumerGroups(
  cluster: LiveCluster,
  master: string,
  known: Table,
  { consumerGroups, onlyKnown = false }: SeedRequest,
): Promise<string[]> {
  const there = await userGroups(cluster, master)
  const made: string[] = []
  for (const group of consumerGroups) {
    if (Object.hasOwn(there, group.name) || (onlyKnown && !known.has(group.name))) continue
    await cluster.asker.ask(master, putConsumerGroup(group.name, group))
    made.push(group.name)
  }
  const done = new Set([...Object.keys(there), ...made])
  for (const [name, value] of known) {
    if (done.has(name)) continue
    const body = encodeJson(value)
    await cluster.asker.ask(master, { code: RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, body })
    made.push(name)
  }
  return made
}

async function seedTopics(
  cluster: LiveCluster,
  master: string,
  known: Table,
  { group, topics, onlyKnown = false }: SeedRequest,
): Promise<string[]> {
  const there = await userTopics(cluster, master)
  const made: string[] = []
  for (const { name, queues, perm, order } of topics) {
    const count = queues.find((queue) => queue.group === group)?.count ?? 0
    if (count === 0 || Object.hasOwn(there, name) || (onlyKnown && !known.has(name))) continue
    await cluster.asker.ask(master, putTopic(name, { readQueues: count, writeQueues: count, perm, order }))
    made.push(name)
  }
  const done = new Set([...Object.keys(there), ...topics.map(({ name }) => name)])
  for (const [name, value] of known) {
    if (done.has(name)) continue
    await copyTopic(cluster, master, name, asObject(value, name))
    made.push(name)
  }
  return made
}

/** Entries of the tables of several brokers; the first that has a name counts. */
async function tableOf(brokers: readonly string[], read: (broker: string) => Promise<JsonObject>): Promise<Table> {
  const entries = new Map<string, JsonValue>()
  for (const broker of brokers) {
    for (const [name, value] of Object.entries(await read(broker))) if (!entries.has(name)) entries.set(name, value)
  }
  return entries
}

const queuesDefault = 4

async function copyTopic(cluster: LiveCluster, master: string, topicName: string, config: JsonObject): Promise<void> {
  const attributes = Object.entries(objectField(config, 'attributes') ?? {})
  await updateTopic(adminOf(cluster), master, {
    topicName,
    readQueueNums: integerField(config, 'readQueueNums') ?? queuesDefault,
    writeQueueNums: integerField(config, 'writeQueueNums') ?? queuesDefault,
    perm: integerField(config, 'perm') ?? PERM_READ | PERM_WRITE,
    topicSysFlag: integerField(config, 'topicSysFlag') ?? 0,
    order: booleanField(config, 'order') ?? false,
    // A broker keeps what was set as `+name` under the name alone.
    attributes: new Map(attributes.map(([name, value]) => [`+${name.replace(/^\+/, '')}`, asText(value, name)])),
  })
}
