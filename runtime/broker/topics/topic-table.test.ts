import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { silentLogger } from '../../observe/logger.ts'
import { DamagedStateError } from '../metadata/state-file.ts'
import type { SystemTopicSettings } from './system-topics.ts'
import { type TopicConfig, topicConfig } from './topic-config.ts'
import { TopicTable } from './topic-table.ts'

const PATH = '/store/config/topics.json'

const SETTINGS: SystemTopicSettings = {
  brokerClusterName: 'DefaultCluster',
  brokerName: 'broker-a',
  autoCreateTopicEnable: true,
  defaultTopicQueueNums: 8,
  clusterTopicEnable: true,
  brokerTopicEnable: true,
  traceTopicEnable: false,
  msgTraceTopicName: 'RMQ_SYS_TRACE_TOPIC',
  reviveQueueNum: 8,
  timerWheelEnable: true,
  enableControllerMode: false,
}

function openTable(disk = new SimDisk(), settings: Partial<SystemTopicSettings & { enableLmq: boolean }> = {}) {
  const clock = new ManualClock(1000)
  const live = { current: { ...SETTINGS, enableLmq: false, ...settings } }
  const table = new TopicTable({ disk, path: PATH, clock, logger: silentLogger, settings: live })
  table.load()
  return { table, clock, disk, live }
}

function summary({ topicName, readQueueNums, writeQueueNums, perm }: TopicConfig) {
  return `${topicName} ${readQueueNums}/${writeQueueNums} perm ${perm}`
}

test('starts with the topics an official broker starts with', () => {
  const { table } = openTable()
  // The set, sizes and permissions were read from a fresh Apache RocketMQ 5.5.0 broker.
  expect([...table.all()].map(summary).sort()).toEqual([
    'BenchmarkTest 1024/1024 perm 6',
    'DefaultCluster 16/16 perm 7',
    'DefaultCluster_REPLY_TOPIC 1/1 perm 6',
    'OFFSET_MOVED_EVENT 1/1 perm 6',
    'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC 1/1 perm 6',
    'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC 1/1 perm 6',
    'RMQ_SYS_TRANS_HALF_TOPIC 1/1 perm 6',
    'RMQ_SYS_TRANS_OP_HALF_TOPIC 1/1 perm 6',
    'SCHEDULE_TOPIC_XXXX 18/18 perm 6',
    'SELF_TEST_TOPIC 1/1 perm 6',
    'TBW102 8/8 perm 7',
    'broker-a 1/1 perm 7',
    'rmq_sys_REVIVE_LOG_DefaultCluster 8/8 perm 6',
    'rmq_sys_SYNC_BROKER_MEMBER_broker-a 1/1 perm 1',
    'rmq_sys_wheel_timer 1/1 perm 6',
  ])
  expect(table.isSystem('broker-a')).toBe(true)
  expect(table.isSystem('rmq_sys_anything')).toBe(true)
  expect(table.isSystem('T1')).toBe(false)
})

test('a topic is found by the bytes of its name', () => {
  const { table } = openTable()
  const created = table.createIfAbsent(topicConfig('TopicA', { readQueueNums: 4, writeQueueNums: 4 }))
  const bytes = Buffer.from('..TopicA..')
  expect(table.findByBytes(bytes, 2, 6)).toBe(created)
  table.update([{ ...created, writeQueueNums: 6, attributes: new Map() }])
  expect(table.findByBytes(bytes, 2, 6)!.writeQueueNums).toBe(6)
  expect(table.findByBytes(bytes, 2, 5)).toBe(undefined)
})

test('the first message of a topic creates it with at most the queues of TBW102, announced and counted once', () => {
  const { table, clock } = openTable()
  const told: string[] = []
  table.onChanged((changed) => told.push(...changed.map(summary)))
  clock.advance(500)
  const topic = table.createForSend('T1', 'TBW102', 4, 'p:1', 0)
  expect(summary(topic!)).toBe('T1 4/4 perm 6')
  expect(summary(table.createForSend('T2', 'TBW102', 20, 'p:1', 0)!)).toBe('T2 8/8 perm 6')
  expect(summary(table.createForSend('T3', 'TBW102', -1, 'p:1', 0)!)).toBe('T3 0/0 perm 6')
  expect(table.createForSend('T1', 'TBW102', 99, 'p:1', 0)).toBe(topic)
  expect(told).toEqual(['T1 4/4 perm 6', 'T2 8/8 perm 6', 'T3 0/0 perm 6'])
  expect(table.dataVersion.toJson()).toEqual({ counter: 3, stateVersion: 0, timestamp: 1500 })
})

test('no topic is created from a default topic that is missing, not inheritable, or closed by autoCreateTopicEnable', () => {
  const { table, live } = openTable()
  table.createIfAbsent(topicConfig('Plain'))
  expect(table.createForSend('T1', 'Absent', 4, 'p:1', 0)).toBe(undefined)
  expect(table.createForSend('T1', 'Plain', 4, 'p:1', 0)).toBe(undefined)
  live.current = { ...live.current, autoCreateTopicEnable: false }
  expect(table.createForSend('T1', 'TBW102', 4, 'p:1', 0)).toBe(undefined)
  expect(openTable(new SimDisk(), { autoCreateTopicEnable: false }).table.find('TBW102')).toBe(undefined)
  expect(table.find('T1')).toBe(undefined)
})

test('a retry topic follows the order of its subscriptions and keeps the rest', () => {
  const { table } = openTable()
  expect(summary(table.createForSendBack('%RETRY%g', 2, 6, 0))).toBe('%RETRY%g 2/2 perm 6')
  expect(table.dataVersion.counter).toBe(1)
  table.createForSendBack('%RETRY%g', 5, 4, 0, true)
  expect(table.find('%RETRY%g')!).toEqual(topicConfig('%RETRY%g', { readQueueNums: 2, writeQueueNums: 2, order: true }))
  expect(table.dataVersion.counter).toBe(2)
})

test('topics.json is as Apache RocketMQ writes it, and read back; the content before is kept as .bak', () => {
  const { table, disk, clock } = openTable()
  table.replaceAll([topicConfig('T1', { attributes: new Map([['message.type', 'FIFO']]) })], {
    counter: 7,
    stateVersion: 0,
    timestamp: 99,
  })
  table.state.saveIfChanged(clock.now())
  expect(disk.readFile(PATH).toString()).toBe(`{
\t"dataVersion":{
\t\t"counter":7,
\t\t"stateVersion":0,
\t\t"timestamp":99
\t},
\t"topicConfigTable":{
\t\t"T1":{
\t\t\t"attributes":{
\t\t\t\t"message.type":"FIFO"
\t\t\t},
\t\t\t"order":false,
\t\t\t"perm":6,
\t\t\t"readQueueNums":16,
\t\t\t"topicFilterType":"SINGLE_TAG",
\t\t\t"topicName":"T1",
\t\t\t"topicSysFlag":0,
\t\t\t"writeQueueNums":16
\t\t}
\t}
}`)
  const before = disk.readFile(PATH)
  table.createIfAbsent(topicConfig('T2'))
  table.state.saveIfChanged(clock.now())
  expect(disk.readFile(`${PATH}.bak`)).toEqual(before)
  const reopened = openTable(disk).table
  expect(reopened.find('T1')!.attributes).toEqual(new Map([['message.type', 'FIFO']]))
  expect(reopened.find('T2')!).toEqual(topicConfig('T2'))
  expect(reopened.dataVersion.counter).toBe(8)
})

test('a damaged topics.json is replaced by its backup; two damaged files stop the start with their names', () => {
  const { table, disk, clock } = openTable()
  for (const name of ['T1', 'T2']) {
    table.createIfAbsent(topicConfig(name))
    table.state.saveIfChanged(clock.now())
  }
  disk.writeFile(PATH, Buffer.from('{"dataVersion":{'))
  const recovered = openTable(disk).table
  expect([recovered.find('T1') !== undefined, recovered.find('T2') !== undefined]).toEqual([true, false])
  disk.writeFile(`${PATH}.bak`, Buffer.from(' \n'))
  expect(() => openTable(disk)).toThrow(DamagedStateError)
  expect(() => openTable(disk)).toThrow(`${PATH}.bak: empty. Restore one of them`)
})

test('a failed save is told to who asked for it, and tried again after a second otherwise', () => {
  const { table, disk, clock } = openTable()
  table.createIfAbsent(topicConfig('T1'))
  disk.fail({ nth: 1, code: 'ENOSPC', operations: ['write'] })
  expect(() => table.state.save()).toThrow('ENOSPC')
  disk.fail({ nth: 1, code: 'ENOSPC', operations: ['write'] })
  table.state.saveIfChanged(clock.now())
  table.state.saveIfChanged(clock.now() + 999)
  expect(openTable(disk).table.find('T1')).toBe(undefined)
  table.state.saveIfChanged(clock.now() + 1000)
  expect(openTable(disk).table.find('T1')!).toEqual(topicConfig('T1'))
  expect(table.state.isChanged).toBe(false)
})

test('attributes change by signed keys, all topics or none', () => {
  const { table } = openTable()
  const ask = (name: string, ...changes: [string, string][]) => topicConfig(name, { attributes: new Map(changes) })
  table.update([ask('T1', ['+message.type', 'FIFO'], ['+queue.type', 'SimpleCQ'])])
  table.update([ask('T1', ['-message.type', ''])])
  expect(table.find('T1')!.attributes).toEqual(new Map([['queue.type', 'SimpleCQ']]))
  expect(() => table.update([ask('T2'), ask('T1', ['+queue.type', 'BatchCQ'])])).toThrow(
    'attempt to update an unchangeable attribute. key: queue.type',
  )
  expect(table.find('T2')).toBe(undefined)
})

test('topics the name server lists become ordered', () => {
  const { table } = openTable()
  table.createIfAbsent(topicConfig('T1'))
  table.markOrdered(['T1', 'Absent'])
  expect([table.isOrder('T1'), table.isOrder('Absent')]).toEqual([true, false])
  table.markOrdered(['T1'])
  expect(table.dataVersion.counter).toBe(2)
})
