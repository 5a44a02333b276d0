import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { brokerNode } from '../../../rollout/testing/broker-node.ts'
import { containerUsers } from '../container-args.ts'
import { FakeEngine } from '../testing/fake-engine.ts'
import { type DockerNodeInputs, dockerNodeImplementation } from './docker-node-implementation.ts'

let engine: FakeEngine
beforeEach(async () => {
  engine = await FakeEngine.start()
})
afterEach(() => engine.stop())

const text = 'listenPort=1\n'
const confFile = { path: '/var/lib/gantry/namesrv.conf', text }
/** Nobody listens there: it is not waited for. */
const asked = (containerId: string): DockerNodeInputs => ({
  engine: { host: engine.host },
  container: 'node',
  containerId,
  startedConf: text,
  node: { ...brokerNode(0), kind: 'nameServer', confFile } as PlanNode,
  address: '127.0.0.1:1',
  nameServers: [],
  readyTimeoutMs: 1,
})
const bringUp = (containerId: string) =>
  expect(dockerNodeImplementation.create(asked(containerId))).rejects.toThrow('was not healthy after 0.001 s')
const changed = ['create data-owner', 'start data-owner', 'remove data-owner']

it('gives a container that was stopped its volume back before it starts: another engine may have got it', async () => {
  const { id } = engine.add({ name: 'node', volume: 'data', user: containerUsers.gantry, isRunning: false })
  engine.owners.set('data', containerUsers.apache)
  await bringUp(id)
  expect(engine.done).toEqual([...changed, 'start node'])
  expect(engine.owners.get('data')).toBe(containerUsers.gantry)
})

it('leaves the volume of one that runs alone, and of one whose user a program has chosen', async () => {
  const { id } = engine.add({ name: 'node', volume: 'data', user: containerUsers.gantry })
  engine.owners.set('data', containerUsers.apache)
  await bringUp(id)
  expect(engine.done).toEqual([])
  engine.containers.clear()
  const other = engine.add({ name: 'node', volume: 'data', user: 'mq', isRunning: false })
  await bringUp(other.id)
  expect(engine.done).toEqual(['start node'])
})
