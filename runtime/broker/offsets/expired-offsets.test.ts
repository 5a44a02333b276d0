import { expect, test } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { WholeBroker } from '../testing/whole-broker.ts'
import { forgetExpired } from './expired-offsets.ts'

test('what a group has left to read, or subscribes to, is not forgotten', () => {
  const { offsets } = new BrokerFixture()
  const commit = (group: string, first: number, second: number) => {
    offsets.commit(group, 'T', 0, first)
    offsets.commit(group, 'T', 1, second)
  }
  commit('gone', 4, 5)
  commit('at the first message', 4, 10)
  commit('ahead in one queue', 4, 11)
  commit('subscribes', 4, 5)
  const consumers = { findSubscription: (group: string) => (group === 'subscribes' ? ({} as never) : undefined) }
  forgetExpired(offsets, consumers, () => 10)
  expect(offsets.groupsOf('T')).toEqual(['at the first message', 'ahead in one queue', 'subscribes'])
})

test.each([
  ['enableCleanExpiredOffset=true\n', []],
  ['', ['g']],
])('every ten minutes, with %j', async (settings, left) => {
  const whole = await WholeBroker.start(settings)
  for (let i = 0; i < 3; i++) await whole.send('T')
  const queue = whole.broker.store.findQueue('T', 0)!
  queue.dropBelow(whole.broker.store.writtenOffset - 1)
  expect(queue.minOffset).toBe(3)
  const { offsets } = whole.broker.tables
  offsets.commit('g', 'T', 0, 0)
  await whole.advance(599_000)
  expect(offsets.groupsOf('T')).toEqual(['g'])
  await whole.advance(1_000)
  expect(offsets.groupsOf('T')).toEqual(left)
})
