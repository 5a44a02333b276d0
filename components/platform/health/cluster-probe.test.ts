import { afterEach, beforeEach, expect, it } from 'vitest'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { RealClock } from '../../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../../runtime/io/real-network.ts'
import { createNetContext } from '../../../runtime/net/net-context.ts'
import { RemotingServer } from '../../../runtime/net/remoting-server.ts'
import { silentLogger } from '../../../runtime/observe/logger.ts'
import { AdminError } from '../../admin/admin-client.ts'
import { RemotingProbe } from './cluster-probe.ts'

let server: RemotingServer
let probe: RemotingProbe
let address = ''

beforeEach(async () => {
  const context = createNetContext(new RealClock(), new RealNetwork(), silentLogger)
  server = new RemotingServer(context, { idleTimeoutMs: 60_000 })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  address = `127.0.0.1:${port}`
  probe = new RemotingProbe()
})

afterEach(() => {
  probe.close()
  server.close()
})

it("reads a NameServer's brokers, also with the unquoted keys Apache's write", async () => {
  const body =
    '{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"10.0.0.1:10911","1":"10.0.0.2:11911"},"brokerName":"broker-a"}}}'
  server.handle(RequestCode.GET_BROKER_CLUSTER_INFO, () => ({ code: 0, body: Buffer.from(body) }))
  const addresses = new Map([
    [0, '10.0.0.1:10911'],
    [1, '10.0.0.2:11911'],
  ])
  expect(await probe.brokerTable(address)).toEqual(new Map([['broker-a', addresses]]))
})

it('reads the runtime table and the number of slaves in sync', async () => {
  const json = (value: object) => ({ code: 0, body: Buffer.from(JSON.stringify(value)) })
  server.handle(RequestCode.GET_BROKER_RUNTIME_INFO, () => json({ table: { putTps: '1 2 3' } }))
  server.handle(RequestCode.GET_BROKER_HA_STATUS, () => json({ master: true, inSyncSlaveNums: 2 }))
  expect(await probe.runtimeInfo(address)).toEqual(new Map([['putTps', '1 2 3']]))
  expect(await probe.inSyncSlaves(address)).toBe(2)
})

it('creates a topic with the fields official brokers demand', async () => {
  let fields: Record<string, string> = {}
  server.handle(RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => {
    fields = { ...request.allFields() }
    return { code: 0 }
  })
  await probe.createTopic(address, { name: 'orders', queues: [], perm: 6, order: false }, 3)
  expect(fields).toEqual({
    topic: 'orders',
    defaultTopic: 'TBW102',
    readQueueNums: '3',
    writeQueueNums: '3',
    perm: '6',
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: '0',
    order: 'false',
  })
})

it('creates a consumer group', async () => {
  let body: unknown
  server.handle(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, (request) => {
    body = JSON.parse(request.body().toString())
    return { code: 0 }
  })
  const group = { name: 'billing', orderly: true, broadcast: false, retryQueues: 2, retryMaxTimes: 5 }
  await probe.createConsumerGroup(address, group)
  expect(body).toMatchObject({
    groupName: 'billing',
    consumeMessageOrderly: true,
    consumeBroadcastEnable: false,
    retryQueueNums: 2,
    retryMaxTimes: 5,
  })
})

it('takes a refusal for an error that says who refused what', async () => {
  server.handle(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({ code: 1, remark: 'not today' }))
  const answer = probe.runtimeInfo(address)
  await expect(answer).rejects.toThrow(AdminError)
  await expect(answer).rejects.toThrow(`${address} answered request 28 with 1: not today`)
})
