import { expect, it } from 'vitest'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { stepDown } from './step-down.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const request = { group: 'broker-a', avoid: 'broker-a-0:10911', preferred: [], timeoutMs: 5000 }

/** It ends when another replica has been elected, before routes say so. */
async function cutShort(cluster: FakeCluster): Promise<void> {
  const brief = { ...request, timeoutMs: 0 }
  await expect(stepDown(cluster.live, brief, undefined)).rejects.toThrow('broker-a-1:10911 is being made master')
}

it('waits for what is left of the time, when it was cut short before', async () => {
  const cluster = new FakeCluster()
  await cutShort(cluster)
  const cutMs = cluster.clock.now()
  await new Promise<void>((resolve) => void cluster.clock.after(20_000, resolve))
  // What is noted on one of the NameServers is enough.
  cluster.down.add('ns-1:9876')
  await stepDown(cluster.live, request, undefined)
  expect(cluster.clock.now() - cutMs).toBeGreaterThanOrEqual(35_000)
  expect(cluster.clock.now() - cutMs).toBeLessThan(36_000)
  expect(cluster.asked).toEqual(['elect 1'])
})

it('waits no more when all that time has passed, and leaves no note behind', async () => {
  const cluster = new FakeCluster()
  await cutShort(cluster)
  await new Promise<void>((resolve) => void cluster.clock.after(40_000, resolve))
  const startedMs = cluster.clock.now()
  await stepDown(cluster.live, request, undefined)
  expect(cluster.clock.now() - startedMs).toBeLessThan(1000)
  expect(cluster.kv.size).toBe(0)
  await stepDown(cluster.live, request, undefined)
  expect(cluster.clock.now() - startedMs).toBeLessThan(1000)
})

it('goes on when no NameServer takes the note', async () => {
  const cluster = new FakeCluster()
  for (const nameServer of cluster.nameServers) {
    for (const code of [100, 101, 102]) cluster.answer(nameServer, code, () => ({ code: 1, remark: 'disk full' }))
  }
  await stepDown(cluster.live, request, undefined)
  expect(cluster.asked).toEqual(['elect 1'])
  expect(cluster.told.join('\n')).toContain('NameServer ns-0:9876 keeps no note of routes')
})

it.each([
  ['gantry', 0, 5_000],
  ['apache', 35_000, 40_000],
] as const)(
  "of two of Apache's, with one of %s in place of the master: clients are waited for from %i ms on",
  async (next, leastMs, mostMs) => {
    const cluster = new FakeCluster()
    const refused = { code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark: 'not supported' }
    cluster.answer('broker-a-1:10911', RequestCode.STAND_IN_FOR_MASTER, () => refused)
    const startedMs = cluster.clock.now()
    await stepDown(cluster.live, { ...request, engine: 'apache', next }, undefined)
    expect(cluster.clock.now() - startedMs).toBeGreaterThanOrEqual(leastMs)
    expect(cluster.clock.now() - startedMs).toBeLessThan(mostMs)
    expect(cluster.asked.filter((text) => text.startsWith('elect'))).toEqual(['elect 1'])
    expect(cluster.kv.size).toBe(0)
  },
)
