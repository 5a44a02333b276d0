import { afterEach, beforeEach, expect, it } from 'vitest'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingServer } from '../../runtime/net/remoting-server.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { topicImplementation as topics } from './topic-implementation.ts'

/** A NameServer and the masters of two broker groups in one, which note what they are asked. */
let server: RemotingServer
let address = ''
let asked: string[] = []
/** Whether broker-b has a master at the moment, or is known at all. */
let masterOfB = true
let knowsB = true
/** What the masters hold, the same for both. */
let held: object | undefined

beforeEach(async () => {
  asked = []
  masterOfB = true
  knowsB = true
  held = undefined
  server = new RemotingServer(createNetContext(new RealClock(), new RealNetwork(), silentLogger), {
    idleTimeoutMs: 60_000,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  address = `127.0.0.1:${port}`
  const json = (value: object) => ({ code: 0, body: Buffer.from(JSON.stringify(value)) })
  server.handle(RequestCode.GET_BROKER_CLUSTER_INFO, () => {
    const broker = (brokerName: string, id: number) => ({ cluster: 'C', brokerName, brokerAddrs: { [id]: address } })
    const b = knowsB ? { 'broker-b': broker('broker-b', masterOfB ? 0 : 1) } : {}
    return json({
      clusterAddrTable: { C: [...Object.keys(b), 'broker-a'], Other: ['broker-x'] },
      brokerAddrTable: { 'broker-a': broker('broker-a', 0), ...b },
    })
  })
  server.handle(RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => {
    asked.push(`put ${request.text('topic')} x${request.text('writeQueueNums')} perm ${request.text('perm')}`)
    return { code: 0 }
  })
  server.handle(RequestCode.DELETE_TOPIC_IN_BROKER, (request) => {
    asked.push(`delete ${request.text('topic')}`)
    return { code: 0 }
  })
  server.handle(RequestCode.DELETE_TOPIC_IN_NAMESRV, (request) => {
    asked.push(`forget ${request.text('topic')} of ${request.text('clusterName')}`)
    return { code: 0 }
  })
  server.handle(RequestCode.GET_TOPIC_CONFIG, () => (held === undefined ? { code: 17 } : json(held)))
})

afterEach(() => server.close())

const inputs = () => ({ namesrvAddr: address, clusterName: 'C', name: 'orders', perm: 6, order: false })
const four = { readQueues: 4, writeQueues: 4, perm: 6, order: false }

it('is created on every group of its cluster, and on those named alone', async () => {
  const everywhere = { ...inputs(), queues: 4 }
  const outs = {
    ...everywhere,
    onGroups: { 'broker-a': four, 'broker-b': four },
    clusterGroups: ['broker-a', 'broker-b'],
  }
  expect(await topics.create(everywhere)).toEqual({ id: 'C/orders', outs })
  expect(asked).toEqual(['put orders x4 perm 6', 'put orders x4 perm 6'])
  asked = []
  const { outs: onOne } = await topics.create({ ...inputs(), queuesPerGroup: { 'broker-b': 4, 'broker-a': 0 } })
  expect(onOne.onGroups).toEqual({ 'broker-b': four })
  expect(asked).toEqual(['put orders x4 perm 6'])
})

it('shows what was changed or removed by hand as a difference', async () => {
  const wanted = { ...inputs(), queues: 4 }
  const { id, outs } = await topics.create(wanted)
  held = { topicName: 'orders', readQueueNums: 4, writeQueueNums: 4, perm: 6, order: false }
  const same = await topics.read(id, outs)
  expect(same).toEqual(outs)
  expect(await topics.diff(outs, wanted)).toEqual({ changes: false, replaces: [] })
  held = { ...held, perm: 4 }
  const drifted = await topics.read(id, outs)
  expect(drifted?.onGroups['broker-a']).toEqual({ ...four, perm: 4 })
  expect(await topics.diff(drifted ?? outs, wanted)).toEqual({ changes: true, replaces: [] })
  held = undefined
  expect(await topics.read(id, outs)).toBeUndefined()
  const withoutB = { ...outs, onGroups: { 'broker-a': four } }
  expect(await topics.diff(withoutB, wanted)).toEqual({ changes: true, replaces: [] })
  expect(await topics.diff(outs, { ...wanted, name: 'other' })).toEqual({ changes: true, replaces: ['name'] })
})

it('leaves a group that is not wanted any more, and every group in the end', async () => {
  const { outs } = await topics.create({ ...inputs(), queues: 4 })
  asked = []
  const moved = await topics.update(outs, { ...inputs(), queuesPerGroup: { 'broker-a': 6 } })
  expect(asked).toEqual(['put orders x6 perm 6', 'delete orders'])
  expect(Object.keys(moved.onGroups)).toEqual(['broker-a'])
  asked = []
  await topics.delete(moved)
  expect(asked).toEqual(['delete orders', 'delete orders', 'forget orders of C'])
})

it('takes a group without a master for unchanged, and refuses to change it', async () => {
  const { id, outs } = await topics.create({ ...inputs(), queues: 4 })
  held = { readQueueNums: 4, writeQueueNums: 4, perm: 6, order: false }
  masterOfB = false
  expect(await topics.read(id, outs)).toEqual(outs)
  // The NameServer forgets a group when its last broker goes.
  knowsB = false
  expect(await topics.read(id, outs)).toEqual(outs)
  knowsB = true
  await expect(topics.update(outs, { ...inputs(), queues: 5 })).rejects.toThrow(
    'orders: broker group broker-b has no master',
  )
  await expect(topics.delete(outs)).rejects.toThrow('broker-b has no master to delete it from')
  await expect(topics.create({ ...inputs(), queuesPerGroup: { 'broker-z': 1 } })).rejects.toThrow(
    `orders: no master of broker group broker-z is known to ${address}`,
  )
})

it('names a cluster that is not there', async () => {
  await expect(topics.create({ ...inputs(), clusterName: 'D', queues: 1 })).rejects.toThrow(
    `${address} know no brokers of a cluster D: is it running?`,
  )
})

it('is imported only when it is there as the program has it', async () => {
  const wanted = { ...inputs(), queues: 4, existing: 'import' as const }
  await expect(topics.create(wanted)).rejects.toThrow('orders is not in cluster C: there is nothing to import')
  held = { readQueueNums: 4, writeQueueNums: 4, perm: 4, order: false }
  await expect(topics.create(wanted)).rejects.toThrow(
    'orders cannot be imported as the program has it: on broker-a there is {"readQueues":4,"writeQueues":4,"perm":4,"order":false}, the program says {"readQueues":4,"writeQueues":4,"perm":6,"order":false}; on broker-b there is',
  )
  await expect(topics.create({ ...wanted, existing: 'refuse' })).rejects.toThrow('orders exists in cluster C already')
  expect(asked).toEqual([])
  held = { ...held, perm: 6 }
  expect((await topics.create(wanted)).outs.onGroups).toEqual({ 'broker-a': four, 'broker-b': four })
})

it('is looked at by name, and has to be there', async () => {
  const known = inputs() as unknown as Parameters<typeof topics.read>[1]
  held = { readQueueNums: 4, writeQueueNums: 4, perm: 6, order: false }
  expect((await topics.read('C/orders', known))?.onGroups).toEqual({ 'broker-a': four, 'broker-b': four })
  held = undefined
  expect(await topics.read('C/orders', known)).toBeUndefined()
  const elsewhere = { ...known, clusterName: 'D' }
  await expect(topics.read('D/orders', elsewhere)).rejects.toThrow('know no brokers of a cluster D')
})
