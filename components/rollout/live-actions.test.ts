import { expect, it } from 'vitest'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import type { ControllerNode, PlanNode } from '../plan/plan-node.ts'
import { LiveActions } from './live-actions.ts'
import { brokerNode } from './testing/broker-node.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const nodes = [0, 1, 2].map(brokerNode)

function actionsOn(cluster: FakeCluster): LiveActions {
  const nodeOf = (id: string) => nodes.find((each) => each.id === id)
  return new LiveActions(cluster.live, { nodeOf, timeoutMs: 1000, topics: [], consumerGroups: [] })
}

const [first, second] = nodes as [PlanNode, PlanNode]

it('hands over by ids of nodes', async () => {
  const cluster = new FakeCluster()
  const action = { kind: 'handOver', group: 'broker-a', avoid: 'broker-a-0' } as const
  const preferred = ['broker-a-1', 'broker-a-2']
  expect(await actionsOn(cluster).perform({ ...action, preferred })).toEqual({ isHandedOver: true })
  expect(await actionsOn(cluster).perform({ ...action, preferred })).toEqual({ isHandedOver: false })
  expect(cluster.asked).toEqual(['elect 1'])
})

it('hands over to one that is there, whoever was to come first when it was planned', async () => {
  const cluster = new FakeCluster()
  const preferred = ['broker-a-0~old', 'broker-a-1']
  const actions = actionsOn(cluster)
  await actions.perform({ kind: 'handOver', group: 'broker-a', avoid: 'broker-a-0', preferred })
  expect(cluster.asked).toEqual(['elect 1'])
  await expect(
    actions.perform({ kind: 'handOver', group: 'broker-a', avoid: 'broker-a-0~old', preferred }),
  ).rejects.toThrow('there is no node broker-a-0~old')
})

it('pauses, changes live and resumes with what the conf file says', async () => {
  const cluster = new FakeCluster()
  const actions = actionsOn(cluster)
  await actions.perform({ kind: 'pauseWrites', group: 'broker-a', node: first })
  await actions.perform({ kind: 'changeLive', node: first, settings: { maxMessageSize: '65536', regionId: 'east' } })
  await actions.perform({ kind: 'resumeWrites', group: 'broker-a', node: first })
  const text = 'brokerName=broker-a\nbrokerPermission=4\n'
  const readOnly = { ...first, confFile: { ...first.confFile, text } }
  await actions.perform({ kind: 'resumeWrites', group: 'broker-a', node: readOnly })
  expect(cluster.asked.map((line) => line.replace(/^\S+ /, ''))).toEqual([
    'brokerPermission=4',
    'maxMessageSize=65536\nregionId=east',
    'brokerPermission=6',
    'brokerPermission=4',
  ])
})

it('gives clients the time to ask for routes again, from the moment on when they changed', async () => {
  const cluster = new FakeCluster()
  const startedMs = cluster.clock.monotonic()
  const passedMs = () => cluster.clock.monotonic() - startedMs
  const wait = { kind: 'routesRenewed', group: 'broker-a' } as const
  await actionsOn(cluster).wait(wait)
  expect(passedMs()).toBe(35_000)
  await actionsOn(cluster).wait({ ...wait, sinceMs: cluster.clock.now() - 20_000 })
  expect(passedMs()).toBe(50_000)
  await actionsOn(cluster).wait({ ...wait, sinceMs: startedMs })
  expect(passedMs()).toBe(50_000)
  // The clock of the machine was set back.
  await actionsOn(cluster).wait({ ...wait, sinceMs: cluster.clock.now() + 3_600_000 })
  expect(passedMs()).toBe(85_000)
})

it('waits for what a step asks for, and says what is missing', async () => {
  const cluster = new FakeCluster()
  const actions = actionsOn(cluster)
  for (const kind of ['inSyncStateSet', 'caughtUp'] as const) {
    await actions.wait({ kind, nodeId: 'broker-a-1', group: 'broker-a' })
  }
  await actions.wait({ kind: 'registered', nodeId: 'broker-a-1' })
  await actions.wait({ kind: 'controllersAgree' })
  const replica = cluster.replicas[1]
  if (replica !== undefined) replica.alive = false
  await expect(actions.wait({ kind: 'registered', nodeId: 'broker-a-1' })).rejects.toThrow(
    'broker-a-1 is registered with every NameServer, in vain: NameServer ns-0:9876 does not know it',
  )
  cluster.down.add('broker-a-1:10911')
  await expect(actions.wait({ kind: 'healthy', nodeId: second.id })).rejects.toThrow('broker-a-1 answers, in vain')
})

it('puts what is newly declared on the masters, consumer groups first', async () => {
  const cluster = new FakeCluster()
  const made: string[] = []
  const master = 'broker-a-0:10911'
  cluster.answer(master, RequestCode.UPDATE_AND_CREATE_TOPIC, ({ fields }) => {
    made.push(`topic ${fields?.['topic']} ${fields?.['writeQueueNums']}`)
    return { code: ResponseCode.SUCCESS }
  })
  cluster.answer(master, RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, () => {
    made.push('group')
    return { code: ResponseCode.SUCCESS }
  })
  await actionsOn(cluster).perform({
    kind: 'provision',
    topics: [{ name: 'orders', queues: [{ group: 'broker-a', count: 3 }], perm: 6, order: false }],
    consumerGroups: [{ name: 'billing', orderly: false, broadcast: true, retryQueues: 1, retryMaxTimes: 16 }],
  })
  expect(made).toEqual(['group', 'topic orders 3'])
})

it('takes a controller out by the port it has in its node', async () => {
  const cluster = new FakeCluster()
  const { role: _, group: __, replica: ___, storePath: ____, replicationAddress: _____, ...place } = brokerNode(0)
  const node: ControllerNode = {
    ...place,
    kind: 'controller',
    id: 'controller-1',
    address: 'ctl-1',
    ports: [{ port: 9878, purpose: 'controllerDLegerPeers' }],
  }
  let members = 'n0:ctl-0:9878;n1:ctl-1:9878;'
  for (const controller of ['ctl-0:9878', 'ctl-1:9878']) {
    cluster.answer(controller, RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({
      code: ResponseCode.SUCCESS,
      fields: { controllerLeaderAddress: 'ctl-0:9878', isLeader: String(controller === 'ctl-0:9878'), peers: members },
    }))
  }
  cluster.answer('ctl-0:9878', RequestCode.CHANGE_CONTROLLERS, ({ fields }) => {
    expect(fields).toMatchObject({ change: 'remove', controllerId: 'n1' })
    members = 'n0:ctl-0:9878;'
    return { code: ResponseCode.SUCCESS }
  })
  await actionsOn(cluster).perform({ kind: 'removeController', node, controllerId: 'n1' })
  expect(members).toBe('n0:ctl-0:9878;')
})
