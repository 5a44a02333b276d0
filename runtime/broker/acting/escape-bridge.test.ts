import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { responseCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { EscapeBridge, type EscapedMessage } from './escape-bridge.ts'

const ROUTE = {
  brokerDatas: [
    { brokerName: 'a', cluster: 'C', brokerAddrs: { 0: 'acting:1' } },
    { brokerName: 'b', cluster: 'C', brokerAddrs: { 0: 'b0:1', 1: 'b1:1' } },
    { brokerName: 'c', cluster: 'C', brokerAddrs: { 0: 'c0:1' } },
    { brokerName: 'd', cluster: 'C', brokerAddrs: { 1: 'd1:1' } },
  ],
  queueDatas: [
    { brokerName: 'a', perm: 6, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0 },
    { brokerName: 'b', perm: 6, readQueueNums: 4, writeQueueNums: 2, topicSysFlag: 0 },
    { brokerName: 'c', perm: 4, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0 },
    { brokerName: 'd', perm: 6, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0 },
  ],
  filterServerTable: {},
}

const MESSAGE: EscapedMessage = {
  topic: 'T',
  body: Buffer.from('x'),
  properties: new Map([
    ['TAGS', 'a'],
    ['PGROUP', 'pg'],
  ]),
  flag: 7,
  sysFlag: 1,
  bornTimestampMs: 5,
  reconsumeTimes: 2,
}

function opened(enableRemoteEscape = true) {
  const scene = {
    clock: new ManualClock(1000),
    sent: [] as string[],
    fields: {} as object,
    asked: 0,
    route: ROUTE as object,
    code: ResponseCode.SUCCESS as number,
  }
  const bridge = new EscapeBridge({
    config: { current: { brokerName: 'a', brokerId: 1, enableRemoteEscape, namesrvAddr: ['n1:9876', 'n2:9876'] } },
    clock: scene.clock,
    invoke: async (address, { code, fields }) => {
      if (address === 'n1:9876') throw new Error('down')
      if (code === RequestCode.GET_ROUTEINFO_BY_TOPIC) {
        scene.asked++
        return responseCommand({ code: 0, body: Buffer.from(JSON.stringify(scene.route)) }, 1, SerializeType.JSON)
      }
      scene.sent.push(`${address} ${fields!['e']}`)
      scene.fields = fields!
      return responseCommand({ code: scene.code, remark: 'why' }, 1, SerializeType.JSON)
    },
  })
  return { scene, bridge }
}

test('messages go in turn to the queues of other groups that have a master and can be written', async () => {
  const { scene, bridge } = opened()
  for (let i = 0; i < 3; i++) await bridge.put(MESSAGE)
  expect(scene.sent).toEqual(['b0:1 0', 'b0:1 1', 'b0:1 0'])
  expect(scene.asked).toBe(1)
  const properties = 'TAGS\x01a\x02PGROUP\x01pg\x02WAIT\x01false\x02'
  expect(scene.fields).toEqual({
    ...{ a: 'pg', b: 'T', c: 'TBW102', d: 8, e: 0, f: 1, g: 5, h: 7, i: properties, j: 2, k: false, m: false },
  })
  await bridge.put({ ...MESSAGE, properties: new Map() })
  expect(scene.fields).toMatchObject({ a: 'InnerProducerGroup_a_1' })
  scene.clock.advance(5_000)
  await bridge.put(MESSAGE)
  expect(scene.asked).toBe(2)
})

test('stored counts as taken, also when less safely than configured; anything else does not, and the route is asked anew', async () => {
  const { scene, bridge } = opened()
  for (const code of [
    ResponseCode.FLUSH_DISK_TIMEOUT,
    ResponseCode.SLAVE_NOT_AVAILABLE,
    ResponseCode.FLUSH_SLAVE_TIMEOUT,
  ]) {
    scene.code = code
    await bridge.put(MESSAGE)
  }
  scene.code = ResponseCode.SYSTEM_BUSY
  await expect(bridge.put(MESSAGE)).rejects.toThrow('b0:1 answers SYSTEM_BUSY why')
  scene.code = ResponseCode.SUCCESS
  await bridge.put(MESSAGE)
  expect(scene.asked).toBe(2)
})

test('what cannot go anywhere says why', async () => {
  const { scene, bridge } = opened()
  scene.route = { ...ROUTE, queueDatas: [ROUTE.queueDatas[0], ROUTE.queueDatas[2]] }
  await expect(bridge.put(MESSAGE)).rejects.toThrow('no other master for topic T: n2:9876: no group but this one')
  await expect(opened(false).bridge.put(MESSAGE)).rejects.toThrow('enableRemoteEscape is false')
})
