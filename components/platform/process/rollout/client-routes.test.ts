import { expect, it } from 'vitest'
import type { PlanNode } from '../../../plan/plan-node.ts'
import type { RolloutAction, RolloutStep, RolloutWait } from '../../../plan/rollout/rollout.ts'
import { brokerNode } from '../../../rollout/testing/broker-node.ts'
import { ClientRoutes } from './client-routes.ts'

const handOver: RolloutAction = { kind: 'handOver', group: 'broker-a', avoid: 'broker-a-0', preferred: [] }
const inSync: RolloutWait = { kind: 'inSyncStateSet', nodeId: 'broker-a-1', group: 'broker-a' }
const renewed: RolloutWait = { kind: 'routesRenewed', group: 'broker-a' }

const waiting = (...waits: RolloutWait[]): RolloutStep => ({
  id: 'handOver:broker-a-0',
  action: handOver,
  waits,
  effect: { kind: 'none' },
  reason: '',
})

it('waits for routes only when the role changed hands, and from that moment on', () => {
  const routes = new ClientRoutes()
  const step = waiting(inSync, { ...renewed, ifHandedOver: true })
  routes.begin(handOver, 1000)
  routes.end(handOver, { isHandedOver: false }, 1300)
  expect(routes.waitsOf(step)).toEqual([inSync])
  expect(routes.waitsOf(waiting(renewed))).toEqual([renewed])
  routes.begin(handOver, 2000)
  routes.end(handOver, { isHandedOver: true }, 2300)
  expect(routes.waitsOf(step)).toEqual([inSync, { ...renewed, ifHandedOver: true, sinceMs: 2300 }])
})

it('goes on where a rollout was cut off: nobody is master any more who would have to hand over', () => {
  const killed = new ClientRoutes()
  killed.begin(handOver, 2000)
  const next = new ClientRoutes(killed.all)
  next.begin(handOver, 9000)
  next.end(handOver, { isHandedOver: false }, 9100)
  expect(next.waitsOf(waiting({ ...renewed, ifHandedOver: true }))).toMatchObject([{ sinceMs: 2000 }])
})

const broker = (group: string, port: number): PlanNode => ({
  ...brokerNode(0),
  id: `${group}-0`,
  group,
  address: '10.0.0.1',
  port,
})

it('one other group that clients know is enough to take writes from a group', () => {
  const routes = new ClientRoutes()
  const known = (...others: string[]) =>
    routes.waitsOf(waiting({ kind: 'otherGroupKnown', group: 'broker-a', others })).map((wait) => {
      return wait.kind === 'otherGroupKnown' ? wait.sinceMs : undefined
    })
  routes.end({ kind: 'resumeWrites', group: 'broker-b', node: broker('broker-b', 10911) }, {}, 5000)
  routes.end({ kind: 'startNode', node: broker('broker-c', 11911) }, {}, 8000)
  expect(known('broker-b', 'broker-c')).toEqual([5000])
  expect(known('broker-b', 'broker-c', 'broker-d')).toEqual([])
  expect(known('broker-c')).toEqual([8000])
})

it('remembers where brokers were, until clients know it or another one is there', () => {
  const routes = new ClientRoutes()
  routes.end({ kind: 'stopNode', node: broker('broker-a', 10911), keepData: true }, {}, 5000)
  const [from, node] = [broker('broker-b', 11911), broker('broker-b', 12911)]
  routes.end({ kind: 'restartNode', from, node }, {}, 6000)
  expect(routes.observed.vacated).toEqual({ '10.0.0.1:10911': 'broker-a', '10.0.0.1:11911': 'broker-b' })
  expect(routes.waitsOf(waiting({ kind: 'routesRenewed', group: 'broker-a' }))).toMatchObject([{ sinceMs: 5000 }])
  expect(new ClientRoutes(routes.all).since(5500).observed).toEqual({
    changedRoutes: ['broker-b'],
    vacated: { '10.0.0.1:11911': 'broker-b' },
  })
  routes.end({ kind: 'startNode', node: broker('broker-c', 10911) }, {}, 7000)
  expect(Object.keys(routes.observed.vacated)).toEqual(['10.0.0.1:11911'])
})
