import { beforeEach, expect, test } from 'vitest'
import { encodeHost } from '../../codec/message/host.ts'
import { silentLogger } from '../../observe/logger.ts'
import { StoreFixture } from '../../store/testing/store-fixture.ts'
import { subscriptionGroup } from '../groups/subscription-group.ts'
import { SendTargets } from '../send/send-target.ts'
import { StoreGate } from '../send/store-gate.ts'
import { BrokerStats } from '../stats/broker-stats.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { JournalReplay } from './journal-replay.ts'
import { MetadataJournal } from './metadata-journal.ts'

let master: BrokerFixture
let replica: BrokerFixture
let log: StoreFixture
let replay: JournalReplay

/** Tables of a master that write into a log, and those of a replica that has a copy of the log. */
beforeEach(() => {
  master = new BrokerFixture()
  replica = new BrokerFixture()
  log = new StoreFixture({ mappedFileSizeCommitLog: 1 << 20 })
  const { store, clock } = log
  const batch = { touch: () => {}, commit: () => void store.commit(), staged: () => {} }
  const config = { maxMessageSize: 1 << 20, isMaster: () => true, isStopping: () => false }
  const gate = new StoreGate(store, store.delayLevels, config, batch)
  const stats = new BrokerStats('C', () => true, clock.now())
  const journal = new MetadataJournal({
    gate,
    targets: new SendTargets(store, stats),
    storeHost: encodeHost('127.0.0.1', 10911),
    wallClock: () => clock.now(),
    logger: silentLogger,
  })
  master.topics.onEdited((topic) => journal.write({ topic }))
  master.groups.onEdited((group) => journal.write({ group }))
  master.mappings.onEdited((mapping) => journal.write({ mapping }))
  const { topics, groups, mappings } = replica
  replay = new JournalReplay({ store, topics, groups, mappings, logger: silentLogger })
})

function catchUp(): number {
  log.store.commit()
  return replay.catchUp(log.store.writtenOffset)
}

test('what a master creates, changes and deletes a replica repeats', () => {
  master.topics.update([topicConfig('orders', { writeQueueNums: 4, attributes: new Map([['+message.type', 'FIFO']]) })])
  master.groups.update([{ ...subscriptionGroup('billing'), retryMaxTimes: 3 }])
  master.groups.setForbidden('billing', 'orders', 1, true)
  master.topics.update([topicConfig('gone')])
  master.topics.delete('gone')
  expect(catchUp()).toBe(5)
  expect(replica.topics.find('orders')).toEqual(master.topics.find('orders'))
  expect(replica.topics.find('orders')?.attributes).toEqual(new Map([['message.type', 'FIFO']]))
  expect(replica.topics.find('gone')).toBeUndefined()
  expect(replica.groups.get('billing')).toEqual(master.groups.get('billing'))
  expect(replica.groups.isForbidden('billing', 'orders', 1)).toBe(true)
  expect(replica.topics.dataVersion.toJson()).toEqual(master.topics.dataVersion.toJson())
  expect(replica.groups.dataVersion.toJson()).toEqual(master.groups.dataVersion.toJson())
})

test('what is asked for again is written down again: the first time may not have got to other replicas', () => {
  for (let time = 0; time < 2; time++) {
    master.topics.update([topicConfig('orders')])
    master.topics.delete('old')
    master.groups.update([subscriptionGroup('billing')])
    master.groups.delete('old')
    master.groups.setForbidden('billing', 'orders', 1, true)
  }
  expect(catchUp()).toBe(10)
})

test('what may still be cut off is not repeated', () => {
  master.topics.update([topicConfig('first')])
  log.store.commit()
  const confirmed = log.store.writtenOffset
  master.topics.update([topicConfig('second')])
  log.store.commit()
  expect(replay.catchUp(confirmed)).toBe(1)
  expect(replica.topics.find('second')).toBeUndefined()
  expect(replay.catchUp(log.store.writtenOffset)).toBe(1)
  expect(replica.topics.find('second')?.topicName).toBe('second')
})

test('an entry older than the table changes nothing, one of a later epoch does', () => {
  master.topics.update([topicConfig('orders', { writeQueueNums: 4 })])
  const { configs, dataVersion } = {
    configs: [topicConfig('other')],
    dataVersion: { ...master.topics.dataVersion.toJson(), counter: 99 },
  }
  replica.topics.replaceAll(configs, dataVersion)
  expect(catchUp()).toBe(0)
  expect(replica.topics.find('orders')).toBeUndefined()
  master.topics.dataVersion.masterEpoch = 7
  master.topics.update([topicConfig('late')])
  expect(catchUp()).toBe(1)
  expect(replica.topics.find('late')?.topicName).toBe('late')
  expect(replica.topics.dataVersion.stateVersion).toBe(7)
})

test('a table that was fetched before a change came by the log does not take the change back', () => {
  for (const { dataVersion } of [replica.topics, replica.groups])
    Object.assign(dataVersion, { isCopy: true, masterEpoch: 7 })
  for (const table of [master.topics, master.groups]) {
    table.dataVersion.masterEpoch = 7
    table.nextVersion()
  }
  const [topics, groups] = [[...master.topics.all()], [...master.groups.all()]]
  const versions = [master.topics.dataVersion.toJson(), master.groups.dataVersion.toJson()] as const
  master.topics.update([topicConfig('orders')])
  master.groups.update([subscriptionGroup('billing')])
  expect(catchUp()).toBe(2)
  expect(replica.topics.replaceAll(topics, versions[0])).toBe(false)
  expect(replica.groups.replaceAll(groups, new Map(), versions[1])).toBe(false)
  expect([replica.topics.find('orders')?.topicName, replica.groups.has('billing')]).toEqual(['orders', true])
  expect(replica.topics.replaceAll(topics, master.topics.dataVersion.toJson())).toBe(true)
  expect(replica.topics.find('orders')).toBeUndefined()
})

test('groups that a replica makes by itself do not stand in the way of what its master changes', () => {
  replica.groups.dataVersion.isCopy = true
  for (const group of ['one', 'two', 'three']) replica.groups.find(group)
  master.groups.update([subscriptionGroup('billing')])
  expect(catchUp()).toBe(1)
  expect(replica.groups.has('billing')).toBe(true)
})

test('a copy of a table of later epochs than its master has reached is replaced', () => {
  Object.assign(replica.topics.dataVersion, { isCopy: true, masterEpoch: 3, stateVersion: 9 })
  expect(replica.topics.replaceAll([], master.topics.dataVersion.toJson())).toBe(true)
})

test('static topics are repeated with what they are made of', () => {
  const [item] = [{ gen: 0, queueId: 0, bname: 'broker-a', logicOffset: 0, startOffset: 0, endOffset: -1 }]
  const stretch = { ...item, timeOfStart: -1, timeOfEnd: -1 }
  const info = { topic: 'S', bname: 'broker-a', scope: '__global__', totalQueues: 1, epoch: 5, dirty: false }
  const detail = { ...info, currIdMap: new Map<number, number>(), hostedQueues: new Map([[0, [stretch]]]) }
  master.mappings.put(detail)
  master.mappings.put({ ...detail, topic: 'gone' })
  master.mappings.delete('gone')
  expect(catchUp()).toBe(3)
  expect([...replica.mappings.all()]).toEqual([detail])
  expect(replica.mappings.dataVersion.toJson()).toEqual(master.mappings.dataVersion.toJson())
})

test('after a restart the journal is read again, and leaves everything as it is', () => {
  master.topics.update([topicConfig('orders')])
  master.topics.update([topicConfig('orders', { writeQueueNums: 2 })])
  catchUp()
  const before = replica.topics.dataVersion.toJson()
  const again = new JournalReplay({
    store: log.store,
    topics: replica.topics,
    groups: replica.groups,
    mappings: replica.mappings,
    logger: silentLogger,
  })
  again.catchUp(log.store.writtenOffset)
  expect(replica.topics.find('orders')?.writeQueueNums).toBe(2)
  expect(replica.topics.dataVersion.toJson()).toEqual(before)
})
