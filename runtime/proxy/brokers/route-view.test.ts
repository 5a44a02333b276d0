import { expect, test } from 'vitest'
import type { TopicRouteData } from '../../codec/route/route-data.ts'
import { RouteView } from './route-view.ts'

function route(more: Partial<TopicRouteData> = {}): TopicRouteData {
  const names = ['b', 'a']
  const group = { cluster: 'C', enableActingMaster: false, zoneName: undefined }
  return {
    brokerDatas: names.map((brokerName) => ({ ...group, brokerName, brokerAddrs: new Map([[0, `${brokerName}:1`]]) })),
    queueDatas: names.map((brokerName) => {
      return { brokerName, perm: 6, readQueueNums: 2, writeQueueNums: 2, topicSysFlag: 0 }
    }),
    filterServerTable: new Map(),
    orderTopicConf: undefined,
    topicQueueMappingByBroker: undefined,
    ...more,
  }
}

const queuesIn = (view: RouteView) => view.writeQueues.map(({ address, queueId }) => `${address}/${queueId}`)

test('messages go to the queues of all masters, by name and number', () => {
  expect(queuesIn(new RouteView(route()))).toEqual(['a:1/0', 'a:1/1', 'b:1/0', 'b:1/1'])
})

test('those of a static topic go to its queues, wherever each is led now', () => {
  const info = (bname: string, epoch: number, currIdMap: [number, number][]) => {
    const rest = { topic: 'S', scope: '__global__', totalQueues: 3, dirty: false }
    return [bname, { ...rest, bname, epoch, currIdMap: new Map(currIdMap) }] as const
  }
  const mappings = [
    info('b', 6, [[0, 1]]),
    info('a', 5, [
      [0, 0],
      [2, 0],
    ]),
  ]
  const view = new RouteView(route({ topicQueueMappingByBroker: new Map([...mappings, info('gone', 6, [[1, 0]])]) }))
  expect(queuesIn(view)).toEqual(['b:1/0', 'a:1/2'])
  expect(view.readBrokers.map(({ brokerName }) => brokerName)).toEqual(['a', 'b'])
})
