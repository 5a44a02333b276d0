import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ALLOCATIONS, allocateForPop } from './allocation.ts'

const queues = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ brokerName: i % 2 ? 'b' : 'a', queueId: i >> 1, topic: 'T' }))
const clients = (count: number) => Array.from({ length: count }, (_, i) => `client-${i}`)

test('every queue goes to one client, and no client gets two more than another, whatever the numbers', () => {
  const numbers = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
  fc.assert(
    fc.property(numbers, fc.constantFrom('AVG', 'AVG_BY_CIRCLE'), ([queueCount, clientCount], name) => {
      const allocate = ALLOCATIONS.get(name)!
      const shares = clients(clientCount).map((id) => allocate(id, queues(queueCount), clients(clientCount)))
      expect(shares.flat().length).toBe(queueCount)
      expect(new Set(shares.flat().map((queue) => JSON.stringify(queue))).size).toBe(queueCount)
      const sizes = shares.map((share) => share.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

test('neighbours go together, or each to the next client', () => {
  const [avg, circle] = [ALLOCATIONS.get('AVG')!, ALLOCATIONS.get('AVG_BY_CIRCLE')!]
  const all = queues(5)
  expect(avg('client-0', all, clients(2))).toEqual(all.slice(0, 3))
  expect(avg('client-1', all, clients(2))).toEqual(all.slice(3))
  expect(circle('client-1', all, clients(2))).toEqual([all[1], all[3]])
  expect(avg('stranger', all, clients(2))).toEqual([])
  expect(circle('stranger', all, clients(2))).toEqual([])
})

test('clients that pop share all queues, or those of their neighbours', () => {
  const avg = ALLOCATIONS.get('AVG')!
  const all = queues(4)
  const everywhere = [
    { brokerName: 'a', queueId: -1, topic: 'T' },
    { brokerName: 'b', queueId: -1, topic: 'T' },
  ]
  expect(allocateForPop(avg, 'client-0', all, clients(3), -1)).toEqual(everywhere)
  expect(allocateForPop(avg, 'client-0', all, clients(3), 2)).toEqual(everywhere)
  expect(allocateForPop(avg, 'client-3', all, clients(4), 1)).toEqual([all[3], all[0]])
  expect(allocateForPop(avg, 'client-5', all, clients(6), 1)).toEqual([all[1]])
  expect(allocateForPop(avg, 'stranger', all, clients(4), 1)).toEqual([])
})
