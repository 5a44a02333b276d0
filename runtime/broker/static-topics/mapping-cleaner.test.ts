import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { responseCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { LogicQueueItem } from '../../codec/static-topic/logic-queue-item.ts'
import { newMappedTopic } from '../../codec/static-topic/mapped-topic.ts'
import { infoOf, type TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import { silentLogger } from '../../observe/logger.ts'
import { MappingCleaner } from './mapping-cleaner.ts'
import { TopicQueueMappingTable } from './topic-queue-mapping-table.ts'

const TOPIC = 'S'

let mappings: TopicQueueMappingTable
/** Greatest and least offset by queue, `broker/queue`. */
let offsets: Record<string, [min: number, max: number]>
/** What other brokers have as mapping. */
let others: Map<string, TopicQueueMappingDetail>
let isActive: boolean
beforeEach(() => {
  const path = '/store/config/topicQueueMapping.json'
  const common = { disk: new SimDisk({}), clock: new ManualClock(1000), logger: silentLogger }
  mappings = new TopicQueueMappingTable({ ...common, path, brokerName: 'a' })
  offsets = {}
  others = new Map()
  isActive = true
})

/** Stretches as `broker/queue@offset`. */
function stretches(...places: string[]): LogicQueueItem[] {
  return places.map((place, gen) => {
    const [, bname, queueId, logicOffset] = /^(\w)\/(\d)@(-?\d+)$/.exec(place)!
    const rest = { gen, startOffset: 0, endOffset: -1, timeOfStart: -1, timeOfEnd: -1 }
    return { ...rest, bname: bname!, queueId: Number(queueId), logicOffset: Number(logicOffset) }
  })
}

function detailOf(bname: string, queues: Record<number, LogicQueueItem[]>, epoch = 5): TopicQueueMappingDetail {
  const info = { topic: TOPIC, bname, scope: '__global__', totalQueues: 3, epoch, dirty: false, currIdMap: new Map() }
  return { ...info, hostedQueues: new Map(Object.entries(queues).map(([id, items]) => [Number(id), items])) }
}

function clean(): Promise<void> {
  const answer = (content: object) =>
    Promise.resolve(responseCommand({ code: ResponseCode.SUCCESS, body: encodeJson(content) }, 1, SerializeType.JSON))
  const cleaner = new MappingCleaner({
    mappings,
    others: {
      invoke(broker, { code }) {
        if (broker === 'dead') return Promise.reject(new Error('nobody there'))
        if (code === RequestCode.GET_TOPIC_CONFIG) return answer(newMappedTopic(TOPIC, 1, others.get(broker)!))
        const mine = Object.entries(offsets).filter(([place]) => place.startsWith(broker))
        const table = mine.map(([place, [minOffset, maxOffset]]) => {
          const queue = { brokerName: broker, queueId: Number(place.slice(2)), topic: TOPIC }
          return [queue, { minOffset, maxOffset, lastUpdateTimestamp: 0 }] as const
        })
        return answer({ offsetTable: new Map(table) })
      },
      mappingsOf: () => Promise.resolve([...others.values()].map(infoOf)),
    },
    facts: {
      minOffset: (_topic, queueId) => offsets[`a/${queueId}`]?.[0] ?? 0,
      maxOffset: (_topic, queueId) => offsets[`a/${queueId}`]?.[1] ?? 0,
    },
    isActive: () => isActive,
    logger: silentLogger,
  })
  return cleaner.clean()
}

/** What this broker knows of a queue. */
const placesOf = (globalId: number) =>
  mappings
    .find(TOPIC)!
    .hostedQueues.get(globalId)
    ?.map(({ bname, queueId, logicOffset }) => `${bname}/${queueId}@${logicOffset}`)

test('the first stretch goes when its queue, here or elsewhere, has no message any more; the only one stays', async () => {
  const queues = {
    0: stretches('b/0@0', 'a/0@10000'),
    1: stretches('a/1@0', 'b/1@10000', 'a/2@20000'),
    2: stretches('a/3@0'),
  }
  mappings.put(detailOf('a', queues))
  offsets = { 'b/0': [0, 7], 'a/1': [0, 7] }
  await clean()
  expect(mappings.find(TOPIC)!.hostedQueues).toEqual(detailOf('a', queues).hostedQueues)
  offsets = { 'b/0': [7, 7], 'a/1': [7, 7] }
  const { counter } = mappings.dataVersion
  await clean()
  expect([placesOf(0), placesOf(1), placesOf(2)]).toEqual([['a/0@10000'], ['b/1@10000', 'a/2@20000'], ['a/3@0']])
  expect(mappings.dataVersion.counter).toBe(counter + 1)
})

test('what another broker cannot be asked about stays, and so does everything on a slave', async () => {
  mappings.put(detailOf('a', { 0: stretches('c/0@0', 'a/0@10000') }))
  await clean()
  expect(placesOf(0)).toHaveLength(2)
  offsets = { 'c/0': [0, 0] }
  isActive = false
  await clean()
  expect(placesOf(0)).toHaveLength(2)
})

test('a queue is forgotten when the broker that took it has given it to another one, which is sure of it', async () => {
  const known = stretches('a/0@0', 'b/0@10000')
  const now = stretches('a/0@0', 'b/0@10000', 'c/0@20000')
  mappings.put(detailOf('a', { 0: known, 1: stretches('a/1@0') }, 9))
  others = new Map([['b', detailOf('b', { 0: known }, 9)]])
  await clean()
  expect(placesOf(0)).toHaveLength(2)
  others = new Map([['b', detailOf('b', { 0: now }, 9)]])
  others.set('c', detailOf('c', { 0: now }, 8))
  await clean()
  expect(placesOf(0)).toHaveLength(2)
  others.set('c', detailOf('c', { 0: now }, 9))
  await clean()
  expect([placesOf(0), placesOf(1)]).toEqual([undefined, ['a/1@0']])
})
