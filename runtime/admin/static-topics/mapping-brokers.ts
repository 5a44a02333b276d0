import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { MASTER_ID } from '../../codec/route/route-data.ts'
import { type LogicQueueItem, staticOffset } from '../../codec/static-topic/logic-queue-item.ts'
import { type MappedTopic, type MappedTopics, readMappedTopic } from '../../codec/static-topic/mapped-topic.ts'
import type { AdminClient, ClusterInfo } from '../admin-client.ts'
import { AdminError, RefusedError } from '../admin-error.ts'
import { brokerTopicStats } from '../consume-stats.ts'
import { emptyTopic, type MappingPlan, withItems } from './mapping-plan.ts'

/** A queue's next stretch begins at a multiple of this: what the old broker still gets meanwhile finds room before it. */
const OFFSET_BLOCK = 10_000

/** The topic on one broker, undefined when it is not there. */
export async function topicOn(client: AdminClient, address: string, topic: string): Promise<MappedTopic | undefined> {
  const request = { code: RequestCode.GET_TOPIC_CONFIG, fields: { topic, lo: true } }
  const { code, remark, body } = await client.ask(address, request)
  if (code === ResponseCode.TOPIC_NOT_EXIST) return undefined
  if (code !== ResponseCode.SUCCESS || body === undefined) throw new RefusedError(address, request.code, code, remark)
  return readMappedTopic(parseJsonBytes(body))
}

/** The topic on all masters that the name servers know. */
export async function topicOnAll(client: AdminClient, topic: string): Promise<Map<string, MappedTopic>> {
  const { brokers } = await client.clusterInfo()
  const found = new Map<string, MappedTopic>()
  for (const [name, { brokerAddrs }] of brokers) {
    const address = brokerAddrs.get(MASTER_ID)
    const config = address === undefined ? undefined : await topicOn(client, address, topic)
    if (config !== undefined) found.set(name, config)
  }
  return found
}

/** The plan, with the clusters' other brokers, which are to know that they have no queue (completeNoTargetBrokers). */
export function withOtherBrokers(plan: MappingPlan, { clusters }: ClusterInfo): MappingPlan {
  const { topic, brokerConfigMap } = plan
  const [one] = brokerConfigMap.values()
  if (one?.mappingDetail === undefined) return plan
  const { epoch, totalQueues } = one.mappingDetail
  const all = [...clusters.values()].filter((names) => names.some((name) => brokerConfigMap.has(name))).flat()
  const others = all.filter((name) => !brokerConfigMap.has(name))
  const added = others.map((name) => [name, emptyTopic(topic, name, totalQueues, epoch)] as const)
  return { ...plan, brokerConfigMap: new Map([...brokerConfigMap, ...added]) }
}

/** Tells every broker. A failure in the middle leaves brokers of different epochs: the command is given again then. */
export async function tellAll(client: AdminClient, { brokerConfigMap }: MappingPlan): Promise<void> {
  const masters = await mastersOf(client, brokerConfigMap)
  for (const [broker, config] of brokerConfigMap) await tell(client, masters.get(broker)!, config, false)
}

/**
 * Moves queues: their new brokers may be written to, the old ones not any more, then it is decided where the new stretches
 * begin (MQAdminUtils.remappingStaticTopic).
 */
export async function moveQueues(client: AdminClient, plan: MappingPlan, isForced: boolean): Promise<void> {
  const masters = await mastersOf(client, plan.brokerConfigMap)
  const brokers = new Map(plan.brokerConfigMap)
  const tellThese = async (names: Iterable<string>): Promise<void> => {
    for (const name of names) await tell(client, masters.get(name)!, brokers.get(name)!, isForced)
  }
  await tellThese(plan.brokerToMapIn)
  await tellThese(plan.brokerToMapOut)
  for (const broker of plan.brokerToMapOut)
    await decideOffsets(client, masters.get(broker)!, broker, plan.topic, brokers)
  await tellThese(plan.brokerToMapIn)
  const moved = new Set([...plan.brokerToMapIn, ...plan.brokerToMapOut])
  await tellThese([...brokers.keys()].filter((name) => !moved.has(name)))
}

/** Where the stretches begin that come after those of this broker. */
async function decideOffsets(
  client: AdminClient,
  address: string,
  broker: string,
  topic: string,
  brokers: Map<string, MappedTopic>,
): Promise<void> {
  const ends = new Map<number, number>()
  for (const { brokerName, queueId, maxOffset } of await brokerTopicStats(client, address, topic)) {
    if (brokerName === broker) ends.set(queueId, maxOffset)
  }
  for (const [globalId, items] of brokers.get(broker)!.mappingDetail!.hostedQueues) {
    const [before, leader] = items.slice(-2)
    if (before === undefined || leader === undefined || leader.logicOffset > 0 || before.bname !== broker) continue
    const end = ends.get(before.queueId)
    if (end === undefined) throw new AdminError(`Cannot get the max offset for old leader ${JSON.stringify(before)}`)
    const logicOffset = nextBlock(staticOffset(before, end))
    const decided: LogicQueueItem[] = [...items.slice(0, -1), { ...leader, logicOffset }]
    for (const name of [broker, leader.bname]) brokers.set(name, withItems(brokers.get(name)!, globalId, decided))
  }
}

/** The next block, or the one after it when little is left of this one (blockSeqRoundUp). */
function nextBlock(offset: number): number {
  const blocks = Math.floor(offset / OFFSET_BLOCK)
  return (blocks + (offset % OFFSET_BLOCK < OFFSET_BLOCK / 2 ? 1 : 2)) * OFFSET_BLOCK
}

async function mastersOf(client: AdminClient, brokers: MappedTopics): Promise<Map<string, string>> {
  const known = (await client.clusterInfo()).brokers
  const masters = new Map<string, string>()
  for (const name of brokers.keys()) masters.set(name, masterOf(name, known))
  return masters
}

/** @throws AdminError */
export function masterOf(broker: string, known: ClusterInfo['brokers']): string {
  const address = known.get(broker)?.brokerAddrs.get(MASTER_ID)
  if (address === undefined) throw new AdminError(`Can't find addr for broker ${broker}`)
  return address
}

async function tell(client: AdminClient, address: string, config: MappedTopic, force: boolean): Promise<void> {
  const { topicName: topic, readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order } = config
  await client.call(address, {
    code: RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC,
    fields: {
      ...{ topic, defaultTopic: 'TBW102', readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order },
      force,
    },
    body: encodeJson(config.mappingDetail),
  })
}
