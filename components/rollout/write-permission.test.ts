import { expect, it } from 'vitest'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { FakeCluster } from './testing/fake-cluster.ts'
import { pauseWrites, resumeWrites, takeWrites } from './write-permission.ts'

const pausing = { group: 'broker-a', master: 'broker-a-0:10911', timeoutMs: 3000 }

it('pauses the writes of a master until routes say so and its slaves hold everything, and gives them back', async () => {
  const cluster = new FakeCluster()
  const slave = cluster.replicas[2]
  if (slave !== undefined) slave.end = 100
  await expect(pauseWrites(cluster.live, pausing)).rejects.toThrow(
    'broker-a-2:10911 has what the master of broker-a has',
  )
  if (slave !== undefined) slave.end = 1000
  await pauseWrites(cluster.live, pausing)
  await resumeWrites(cluster.live, pausing)
  expect(cluster.asked).toEqual([
    'broker-a-0:10911 brokerPermission=4',
    'broker-a-0:10911 brokerPermission=4',
    'broker-a-0:10911 brokerPermission=6',
  ])
})

it('does not wait for a slave that nobody reaches, though a NameServer still knows it', async () => {
  const cluster = new FakeCluster()
  const slave = cluster.replicas[2]
  if (slave !== undefined) slave.end = 100
  cluster.down.add('broker-a-2:10911')
  await pauseWrites(cluster.live, pausing)
  expect(cluster.permissions.get('broker-a-0:10911')).toBe(4)
})

it('looks for slaves that nobody reaches while writes go on', async () => {
  const cluster = new FakeCluster()
  cluster.down.add('broker-a-2:10911')
  const permissions: unknown[] = []
  const { live } = cluster
  const connect = (address: string) => {
    permissions.push(cluster.permissions.get('broker-a-0:10911'))
    return live.asker.connect(address)
  }
  await pauseWrites({ ...live, asker: { ...live.asker, connect } }, pausing)
  expect(permissions, 'none of them paused yet').toEqual([undefined, undefined])
})

it('does not go on while a NameServer still routes writes to the group', async () => {
  const cluster = new FakeCluster()
  const route = {
    queueDatas: [{ brokerName: 'broker-a', perm: 6, readQueueNums: 1, writeQueueNums: 1 }],
    brokerDatas: [],
  }
  cluster.answer('ns-1:9876', RequestCode.GET_ROUTEINFO_BY_TOPIC, () => ({
    code: ResponseCode.SUCCESS,
    body: Buffer.from(JSON.stringify(route)),
  }))
  await expect(pauseWrites(cluster.live, pausing)).rejects.toThrow(
    'waited 3 s until routes send no writes to broker-a, in vain: NameServer ns-1:9876 says otherwise',
  )
})

it('gives back what the configuration says', async () => {
  const cluster = new FakeCluster()
  await resumeWrites(cluster.live, { ...pausing, permission: 4 })
  expect(cluster.permissions.get('broker-a-0:10911')).toBe(4)
})

it('takes the permission of every replica that has it, also when one does not answer', async () => {
  const cluster = new FakeCluster()
  cluster.down.add('broker-a-0:10911')
  cluster.permissions.set('broker-a-1:10911', 4)
  const addresses = cluster.replicas.map(({ address }) => address)
  expect(await takeWrites(cluster.live, addresses)).toEqual({
    taken: ['broker-a-2:10911'],
    unknown: [expect.stringContaining('whether broker-a-0:10911 takes writes is not known: connect to')],
  })
  expect(cluster.asked).toEqual(['broker-a-2:10911 brokerPermission=4'])
})
