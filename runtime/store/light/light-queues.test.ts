import { expect, test } from 'vitest'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import { type CrashKind, SimDisk } from '../../../test/sim/sim-disk.ts'
import { scanProperties } from '../../codec/message/properties.ts'
import { draftOf, StoreFixture } from '../testing/store-fixture.ts'

const ON = { enableLmq: true, enableMultiDispatch: true }

function to(names: string): { properties: string } {
  return { properties: `TAGS\x01red\x02INNER_MULTI_DISPATCH\x01${names}\x02` }
}

function offsetsOf(fixture: StoreFixture, topic: string): (string | undefined)[] {
  return fixture.messages(topic).map(({ properties }) => properties.get('INNER_MULTI_QUEUE_OFFSET'))
}

function refusal(fixture: StoreFixture, names: string) {
  const draft = draftOf(fixture.store, to(names))
  scanProperties(draft.properties.bytes, 0, draft.properties.length, draft.ranges)
  return fixture.store.lightRefusal(draft)
}

test('a message is in the queue of its topic and in each light queue it names, with its offsets there', () => {
  const fixture = new StoreFixture(ON)
  const extraProperties = Buffer.from('CLUSTER\x01C\x02')
  fixture.put({ body: 'one', queueId: 2, ...to('%LMQ%a'), extraProperties })
  fixture.put({ body: 'two', ...to('%LMQ%b,%LMQ%a') })
  fixture.put({ body: 'three' })
  fixture.put({ body: 'four', ...to('%LMQ%b,') })
  expect(fixture.bodies('%LMQ%a')).toEqual(['one', 'two'])
  expect(fixture.bodies('%LMQ%b')).toEqual(['two', 'four'])
  expect(fixture.bodies()).toEqual(['two', 'three', 'four'])
  expect(offsetsOf(fixture, '%LMQ%a')).toEqual(['0', '0,1'])
  expect(offsetsOf(fixture, '%LMQ%b')).toEqual(['0,1', '1'])
  expect(Object.fromEntries(fixture.messages('TopicTest', 2)[0]!.properties)).toEqual({
    ...{ TAGS: 'red', CLUSTER: 'C', INNER_MULTI_DISPATCH: '%LMQ%a', INNER_MULTI_QUEUE_OFFSET: '0' },
  })
  expect(fixture.store.queues.lightQueueCount).toBe(2)
})

test('unless both switches are set the names mean nothing', () => {
  for (const config of [{}, { enableLmq: true }, { enableMultiDispatch: true }]) {
    const fixture = new StoreFixture(config)
    fixture.put(to('%LMQ%a'))
    expect(fixture.bodies('%LMQ%a')).toEqual([])
    expect(offsetsOf(fixture, 'TopicTest')).toEqual([undefined])
    expect(refusal(fixture, 'nonsense')).toBe(undefined)
  }
})

test('a queue that is named twice gets the message once', () => {
  const fixture = new StoreFixture(ON)
  fixture.put({ body: 'one', ...to('%LMQ%a,%LMQ%a') })
  fixture.put({ body: 'two', ...to('%LMQ%a') })
  expect(fixture.bodies('%LMQ%a')).toEqual(['one', 'two'])
  expect(offsetsOf(fixture, '%LMQ%a')).toEqual(['0,0', '1'])
  fixture.restart()
  expect(fixture.bodies('%LMQ%a')).toEqual(['one', 'two'])
})

test('what waits for its delay or its transaction, and what was given up, is in no light queue', () => {
  const fixture = new StoreFixture(ON)
  const topics = ['SCHEDULE_TOPIC_XXXX', 'rmq_sys_wheel_timer', '%RETRY%g', '%DLQ%g', 'RMQ_SYS_TRANS_HALF_TOPIC']
  for (const topic of [...topics, 'TRANS_CHECK_MAX_TIME_TOPIC']) fixture.put({ topic, ...to('%LMQ%a') })
  expect(fixture.store.findQueue('%LMQ%a', 0)).toBe(undefined)
  // With the offsets of the message it is a copy of.
  for (const topic of topics.slice(0, 4)) {
    fixture.put({ topic, properties: `${to('%LMQ%a').properties}INNER_MULTI_QUEUE_OFFSET\x010\x02` })
  }
  fixture.restart()
  expect(fixture.store.findQueue('%LMQ%a', 0)).toBe(undefined)
})

test("places that Apache's broker gave to half messages are kept, copies of them get none", () => {
  const fixture = new StoreFixture(ON)
  const half = (offset: number) => ({
    topic: 'RMQ_SYS_TRANS_HALF_TOPIC',
    properties: `${to('%LMQ%a').properties}INNER_MULTI_QUEUE_OFFSET\x01${offset}\x02`,
  })
  const replica = new StoreFixture(ON)
  fixture.put({ body: 'half', ...half(0) })
  fixture.put({ body: 'copy', ...half(0) })
  const bytes = fixture.logBytes()
  replica.store.appendReplicated(bytes, 0, bytes.length, 0)
  expect(replica.bodies('%LMQ%a')).toEqual(['half'])
})

test('names that can be no queues are refused; stored under another configuration they are passed over', () => {
  const fixture = new StoreFixture(ON)
  for (const [names, why] of [
    ['a', /names the queue 'a': names begin with %LMQ%/],
    ['%LMQ%a,b', /names the queue 'b'/],
    ['%LMQ%a,,%LMQ%b', /names the queue ''/],
    ['%LMQ%a/b', /cannot name a folder/],
    [`%LMQ%${'x'.repeat(251)}`, /at most 255 bytes/],
    [Array.from({ length: 1700 }, (_, i) => `%LMQ%${i}`).join(), /names 1700 queues: too many for a message/],
  ] as const) {
    expect(refusal(fixture, names)).toMatchObject({ kind: 'names', reason: expect.stringMatching(why) })
  }
  expect(refusal(fixture, `%LMQ%${'x'.repeat(250)}`)).toBe(undefined)
  fixture.put({ body: 'one', ...to('a,%LMQ%a') })
  expect(fixture.bodies()).toEqual(['one'])
  expect(offsetsOf(fixture, 'TopicTest')).toEqual([undefined])
})

test('with a quota no more light queues than that are made', () => {
  const fixture = new StoreFixture({ ...ON, enableLmqQuota: true, maxLmqConsumeQueueNum: 2 })
  fixture.put(to('%LMQ%a'))
  expect(refusal(fixture, '%LMQ%b,%LMQ%c')).toEqual({
    kind: 'quota',
    reason: 'there are 1 light queues of maxLmqConsumeQueueNum = 2',
  })
  fixture.put(to('%LMQ%a,%LMQ%b'))
  expect(refusal(fixture, '%LMQ%a,%LMQ%b')).toBe(undefined)
  expect(refusal(fixture, '%LMQ%c')?.kind).toBe('quota')
  fixture.reopen()
  expect(fixture.store.queues.lightQueueCount).toBe(2)
  fixture.store.deleteTopic('%LMQ%a')
  expect(refusal(fixture, '%LMQ%c')).toBe(undefined)
})

test('a batch that cannot be written gives its offsets back', () => {
  const fixture = new StoreFixture(ON)
  fixture.put({ body: 'one', ...to('%LMQ%a') })
  fixture.store.beginGroup(2, 1000)
  fixture.stage({ body: 'taken back', ...to('%LMQ%a,%LMQ%b') })
  fixture.stage({ body: 'taken back, too', ...to('%LMQ%a') })
  fixture.store.endGroup(false)
  fixture.put({ body: 'two', ...to('%LMQ%b,%LMQ%a') })
  expect(fixture.bodies('%LMQ%a')).toEqual(['one', 'two'])
  expect(offsetsOf(fixture, '%LMQ%b')).toEqual(['0,1'])
})

test('in controller mode light queues, too, show what is confirmed, and go on behind what is not', () => {
  const fixture = new StoreFixture({ ...ON, enableControllerMode: true })
  fixture.put({ body: 'one', ...to('%LMQ%a') })
  fixture.put({ body: 'two', ...to('%LMQ%a,%LMQ%b') })
  expect(fixture.bodies('%LMQ%a')).toEqual([])
  const shown: string[] = []
  fixture.store.onShown((queue) => shown.push(queue.topic))
  fixture.store.confirm(fixture.store.lastAppend.phyOffset)
  expect(fixture.bodies('%LMQ%a')).toEqual(['one'])
  expect(shown).toEqual(['TopicTest', '%LMQ%a'])
  fixture.restart()
  fixture.store.continueQueues()
  fixture.put({ body: 'three', ...to('%LMQ%a,%LMQ%b') })
  fixture.store.confirm(Number.MAX_SAFE_INTEGER)
  expect(fixture.bodies('%LMQ%a')).toEqual(['one', 'two', 'three'])
  expect(offsetsOf(fixture, '%LMQ%b')).toEqual(['1,0', '2,1'])
})

/** What lies in each light queue, in order, as the log has it. */
function wanted(fixture: StoreFixture, names: readonly string[]): Map<string, string[]> {
  const all = [0, 1, 2].flatMap((queueId) => fixture.messages('TopicTest', queueId))
  all.sort((a, b) => a.phyOffset - b.phyOffset)
  const inQueue = (name: string) =>
    all.filter(({ properties }) => properties.get('INNER_MULTI_DISPATCH')?.split(',').includes(name))
  return new Map(names.map((name) => [name, inQueue(name).map(({ body }) => body.toString())]))
}

const [first, last] = (process.env['LIGHT_SEEDS'] ?? '1-6').split('-').map(Number)

test.each(Array.from({ length: last! - first! + 1 }, (_, i) => first! + i))(
  'light queues are those of the log after kills, power cuts and cuts (seed %i)',
  (seed) => {
    const random = new SeededRandom(seed)
    const fixture = new StoreFixture({ ...ON, mappedFileSizeConsumeQueue: 20 * 7 }, new SimDisk({ seed }))
    const names = ['%LMQ%a', '%LMQ%b', '%LMQ%c', '%LMQ%d']
    const kinds: CrashKind[] = ['process', 'power', 'power-worst']
    const starts: number[] = []
    for (let step = 0, body = 0; step < 120; step++) {
      const targets = names.filter(() => random.below(2) === 0)
      const more = targets.length === 0 ? {} : to(targets.join())
      starts.push(fixture.put({ body: `m${body++}`.padEnd(random.below(200)), queueId: step % 3, ...more }))
      if (random.below(6) === 0) {
        fixture.clock.nowMs += 2000
        fixture.store.tick(fixture.clock.nowMs)
        fixture.disk.completeSyncs()
      }
      if (random.below(8) === 0) fixture.flush()
      const fate = random.below(20)
      if (fate === 0) fixture.store.truncateTo(starts[starts.length - 1 - random.below(Math.min(starts.length, 5))]!)
      else if (fate === 1) fixture.restart(kinds[random.below(kinds.length)]!)
      else if (fate === 2) fixture.reopen()
      else continue
      const end = fixture.store.writtenOffset
      while (starts.length > 0 && starts.at(-1)! >= end) starts.pop()
      for (const [name, bodies] of wanted(fixture, names)) {
        expect(fixture.bodies(name), `${name} at step ${step}`).toEqual(bodies)
        expect(fixture.store.findQueue(name, 0)?.nextOffset ?? 0).toBe(bodies.length)
      }
    }
  },
)
