import { expect, it } from 'vitest'
import { noteResumed, waitOtherKnown } from './resumed-groups.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

it('waits until clients know one other group: the one that takes writes again for longest', async () => {
  const { live, clock } = new FakeCluster()
  const startedMs = clock.now()
  const pass = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  await noteResumed(live, 'broker-b')
  await pass(10_000)
  await noteResumed(live, 'broker-c')
  await waitOtherKnown(live, 'broker-a', ['broker-b', 'broker-c', 'broker-d'], undefined)
  expect(clock.now() - startedMs, 'broker-d is as it was').toBe(10_000)
  await waitOtherKnown(live, 'broker-a', ['broker-b', 'broker-c'], undefined)
  expect(clock.now() - startedMs).toBe(35_000)
  await waitOtherKnown(live, 'broker-a', ['broker-c'], 28_000)
  expect(clock.now() - startedMs).toBe(38_000)
})
