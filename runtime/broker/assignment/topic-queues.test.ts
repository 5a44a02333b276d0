import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { responseCommand } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { silentLogger } from '../../observe/logger.ts'
import { TopicQueues } from './topic-queues.ts'

test('a static topic has the queues that its clients see, as the mapping of the latest epoch counts them', async () => {
  const info = (bname: string, epoch: number, totalQueues: number) => ({
    ...{ topic: 'S', bname, scope: '__global__', totalQueues, epoch, dirty: false },
    currIdMap: new Map([[0, 0]]),
  })
  const route = {
    brokerDatas: [{ brokerName: 'a', cluster: 'C', brokerAddrs: new Map([[0, 'a:1']]) }],
    queueDatas: [{ brokerName: 'a', perm: 6, readQueueNums: 9, writeQueueNums: 9, topicSysFlag: 0 }],
    topicQueueMappingByBroker: { a: info('a', 5, 1), b: info('b', 6, 2) },
  }
  const queues = new TopicQueues({
    config: { current: { brokerName: 'a', namesrvAddr: ['n:1'], loadBalancePollNameServerInterval: 30_000 } },
    clock: new ManualClock(1000),
    topics: { find: () => undefined },
    invoke: () =>
      Promise.resolve(responseCommand({ code: ResponseCode.SUCCESS, body: encodeJson(route) }, 1, SerializeType.JSON)),
    logger: silentLogger,
  })
  const seen = [0, 1].map((queueId) => ({ brokerName: '__syslo__global__', queueId, topic: 'S' }))
  expect(await queues.of('S')).toEqual(seen)
  expect(await queues.writableOf('S')).toEqual(seen)
})
