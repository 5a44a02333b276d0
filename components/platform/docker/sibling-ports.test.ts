import { expect, it } from 'vitest'
import type { EngineClient } from './engine/engine-client.ts'
import { untilPortsFree } from './sibling-ports.ts'

const node = { id: 'broker-a-2', ports: [10_911, 10_912].map((port) => ({ port, purpose: 'listenPort' })) }
const listed = (name: string, port: number, label = 'gantry.node') => ({
  Names: [`/${name}`],
  Labels: { [label]: name },
  Ports: [{ PublicPort: port }, {}],
})

/** An engine that answers with one list after the other, and a clock on which waiting takes no time. */
function engineOf(...lists: object[][]) {
  let looks = 0
  let nowMs = 0
  const engine = { ask: async () => lists[Math.min(looks++, lists.length - 1)] } as unknown as Pick<EngineClient, 'ask'>
  const after = (ms: number, run: () => void) => {
    nowMs += ms
    setImmediate(run)
    return { cancel: () => {} }
  }
  return { engine, clock: { monotonic: () => nowMs, after }, looks: () => looks }
}

it('waits until another node of ours has moved away', async () => {
  const { engine, clock, looks } = engineOf([listed('s-broker-b-1', 10_912)], [listed('s-broker-b-1', 10_912)], [])
  await untilPortsFree(engine, 's-broker-a-2', node, 10_000, clock)
  expect(looks()).toBe(3)
})

it('does not wait for its own former container, other ports or what is not ours', async () => {
  const others = [listed('s-broker-a-2-left-1', 10_911), listed('s-x', 9876), listed('web', 10_911, 'other')]
  const { engine, clock, looks } = engineOf(others)
  await untilPortsFree(engine, 's-broker-a-2', node, 10_000, clock)
  expect(looks()).toBe(1)
})

it('says who has a port when it is not free in time', async () => {
  const { engine, clock } = engineOf([listed('s-broker-b-1', 10_912)])
  await expect(untilPortsFree(engine, 's-broker-a-2', node, 1000, clock)).rejects.toThrow(
    'broker-a-2 waited 1 s for its ports: s-broker-b-1 has 10912. A node that is to go, goes last',
  )
})
