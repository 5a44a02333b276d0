import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/sim-disk.ts'
import { StoreCheckpoint } from './checkpoint.ts'
import { ConsumeQueueTable } from './consume-queue/consume-queue-table.ts'
import { IndexService } from './index/index-service.ts'
import { indexKeySeed } from './index/key-hash.ts'
import { BATCH_OPTIONS } from './testing/batch-options.ts'

type Message = [
  topic: string,
  queueId: number,
  phyOffset: number,
  sizeBytes: number,
  tagsCode: number,
  storeTimestampMs: number,
  queueOffset: number,
  keys: string | null,
  uniqKey: string | null,
  sysFlag: number,
  tags: string | null,
]

interface Golden {
  readonly messages: Message[]
  readonly queries: [string, string, number, number, number, string | null, number[], number, number][]
  readonly queues: Record<string, string>
  readonly index: string[]
  readonly checkpoint: { sizeBytes: number; start: string; minTimestamp: number; minTimestampIndex: number }
}

const golden: Golden = JSON.parse(readFileSync(new URL('./golden/derived-files.json', import.meta.url), 'utf8'))
const reporter = { info: () => {}, warn: () => {}, error: () => {} }
const PREPARED_OR_ROLLBACK = 4

test('consume queue files are those of Java, byte for byte', () => {
  const disk = new SimDisk()
  const options = { disk, folder: '/cq', fileSizeBytes: 100, batch: BATCH_OPTIONS, reporter }
  const table = ConsumeQueueTable.open(options)
  for (const [topic, queueId, phyOffset, sizeBytes, tagsCode, , queueOffset, , , sysFlag] of golden.messages) {
    if ((sysFlag & PREPARED_OR_ROLLBACK) !== 0) continue
    table.obtain(topic, queueId).append(queueOffset, phyOffset, sizeBytes, tagsCode)
  }
  for (const queue of table.context.takeDirty()) queue.writeOut()
  expect(filesUnder(disk, '/cq')).toEqual(golden.queues)

  const javas = new SimDisk()
  for (const [path, hex] of Object.entries(golden.queues)) javas.writeFile(`/cq/${path}`, Buffer.from(hex, 'hex'))
  const opened = ConsumeQueueTable.open({ ...options, disk: javas })
  expect(opened.maxPhyOffset()).toBe(2010)
  const late = opened.find('Late', 0)!
  expect([late.minOffset, late.maxOffset, late.maxPhyOffset]).toEqual([7, 8, 1710])
  const queue = opened.findByBytes(Buffer.from('xTopicTesty'), 1, 9, 0)!
  expect([queue.minOffset, queue.maxOffset, queue.maxPhyOffset]).toEqual([0, 6, 2010])
})

test('index files and answers are those of Java', () => {
  const disk = new SimDisk()
  const index = openIndex(disk)
  for (const message of golden.messages) putMessage(index, message)
  index.flushNow()
  const files = Object.values(filesUnder(disk, '/index'))
  expect(files).toEqual(golden.index)
  expectAnswers(index)
  expectAnswers(openIndex(disk))

  const javas = new SimDisk()
  golden.index.forEach((hex, i) => {
    javas.writeFile(`/index/2023111422132000${i}`, Buffer.from(hex, 'hex'))
  })
  expectAnswers(openIndex(javas))
})

test('the checkpoint is that of Java', () => {
  const disk = new SimDisk()
  const checkpoint = StoreCheckpoint.open(disk, '/checkpoint')
  checkpoint.physicMsgTimestamp = 1700000010000
  checkpoint.logicsMsgTimestamp = 1700000009000
  checkpoint.indexMsgTimestamp = 1700000008000
  checkpoint.masterFlushedOffset = 3
  checkpoint.confirmPhyOffset = 4
  checkpoint.logicsPhysicalOffset = 1810
  expect(checkpoint.minTimestamp()).toBe(golden.checkpoint.minTimestamp)
  expect(checkpoint.minTimestampIndex()).toBe(golden.checkpoint.minTimestampIndex)
  checkpoint.writeSynced()
  const bytes = disk.readFile('/checkpoint')
  expect(bytes.length).toBe(golden.checkpoint.sizeBytes)
  expect(bytes.subarray(0, 64).toString('hex')).toBe(golden.checkpoint.start)
  expect(bytes.subarray(64)).toEqual(Buffer.alloc(4032))
  const again = StoreCheckpoint.open(disk, '/checkpoint')
  expect([again.logicsPhysicalOffset, again.confirmPhyOffset, again.masterFlushedOffset]).toEqual([1810, 4, 3])
})

test('a checkpoint that is damaged means recovering everything, another file is refused', () => {
  const disk = new SimDisk()
  disk.writeFile('/short', Buffer.from('0000018bcfe58f10ff', 'hex'))
  const short = StoreCheckpoint.open(disk, '/short')
  expect([short.physicMsgTimestamp, short.logicsMsgTimestamp, short.minTimestamp()]).toEqual([1700000010000, 0, 0])
  expect(disk.stat('/short')?.sizeBytes).toBe(4096)
  disk.writeFile('/garbage', Buffer.alloc(4096, 0xff))
  expect(StoreCheckpoint.open(disk, '/garbage').physicMsgTimestamp).toBe(0)
  disk.writeFile('/long', Buffer.alloc(5000))
  expect(() => StoreCheckpoint.open(disk, '/long')).toThrow('has 5000 bytes instead of 4096')
})

function openIndex(disk: SimDisk): IndexService {
  return IndexService.open({
    disk,
    folder: '/index',
    maxHashSlotNum: 7,
    maxIndexNum: 8,
    reporter,
    isLastExitClean: true,
    indexMsgTimestamp: 0,
  })
}

function putMessage(index: IndexService, message: Message): void {
  const [topic, , phyOffset, , , storeTimestampMs, , keys, uniqKey, sysFlag, tags] = message
  const parts = [uniqKey, keys, tags].map((text) => Buffer.from(text ?? ''))
  const start = (part: number, text: string | null) =>
    text === null ? -1 : 1 + parts.slice(0, part).reduce((sum, bytes) => sum + bytes.length, 0)
  index.put(
    indexKeySeed(topic),
    phyOffset,
    storeTimestampMs,
    sysFlag,
    1700000000000,
    Buffer.concat([Buffer.from('x'), ...parts]),
    {
      uniqKeyStart: start(0, uniqKey),
      uniqKeyLength: parts[0]!.length,
      keysStart: start(1, keys),
      keysLength: parts[1]!.length,
      tagsStart: start(2, tags),
      tagsLength: parts[2]!.length,
    },
  )
}

function expectAnswers(index: IndexService): void {
  for (const [topic, key, maxCount, beginMs, endMs, type, phyOffsets, timestampMs, phyOffset] of golden.queries) {
    expect(index.query(topic, key, maxCount, beginMs, endMs, type ?? undefined)).toEqual({
      phyOffsets,
      lastUpdateTimestampMs: timestampMs,
      lastUpdatePhyOffset: phyOffset,
      isComplete: true,
    })
  }
}

function filesUnder(disk: SimDisk, root: string, folder = root): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of disk.list(folder)) {
    const path = `${folder}/${name}`
    if (disk.stat(path)!.isDirectory) Object.assign(found, filesUnder(disk, root, path))
    else found[path.slice(root.length + 1)] = disk.readFile(path).toString('hex')
  }
  return found
}
