import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/sim-disk.ts'
import { SysFlag } from '../codec/message/sys-flag.ts'
import { COMMIT_LOG, StoreFixture } from './testing/store-fixture.ts'

const SEGMENT = 4096
const golden = gunzipSync(readFileSync(new URL('./golden/commitlog.gz', import.meta.url)))

function messageOf(i: number) {
  return {
    topic: i % 10 === 9 ? 'T'.repeat(140) : 'TopicTest',
    queueId: i % 3,
    body: `${i}:${'x'.repeat((i * 37) % 300)}`,
    properties: `KEYS\x01k${i}\x02TAGS\x01${i % 2 === 0 ? 'A' : 'B'}\x02UNIQ_KEY\x01u${i}\x02`,
    sysFlag: i % 10 === 8 ? SysFlag.transactionPrepared : 0,
  }
}

/** A store whose commit log is the one Java wrote. */
function openGolden(): StoreFixture {
  const disk = new SimDisk()
  for (let at = 0; at < golden.length; at += SEGMENT) {
    disk.writeFile(`${COMMIT_LOG}/${String(at).padStart(20, '0')}`, golden.subarray(at, at + SEGMENT))
  }
  return new StoreFixture({ mappedFileSizeCommitLog: SEGMENT }, disk)
}

test('the same messages make the same commit log, byte for byte, blanks and file ends included', () => {
  const java = openGolden()
  const ours = new StoreFixture({ mappedFileSizeCommitLog: SEGMENT })
  for (let i = 0, at = 0; i < 30; i++) {
    // Where Java has a blank, its next message is at the start of the next file.
    if (java.store.recordAt(at) === undefined) at = Math.ceil(at / SEGMENT) * SEGMENT
    const found = java.store.recordAt(at)!
    ours.clock.nowMs = Number(Buffer.from(found.bytes).readBigInt64BE(found.start + 56))
    at += found.length
    expect(ours.put(messageOf(i))).toBe(at - ours.store.lastAppend.sizeBytes)
  }
  expect(ours.logBytes()).toEqual(golden.subarray(0, ours.store.writtenOffset))
  expect(golden.subarray(ours.store.writtenOffset).every((byte) => byte === 0)).toBe(true)
})

test('what Java wrote is recovered, found by queue and key', () => {
  const java = openGolden()
  expect(java.store.recovery.recordCount).toBe(30)
  const expected = (topic: string, queueId: number) =>
    Array.from({ length: 30 }, (_, i) => messageOf(i))
      .filter((message) => message.topic === topic && message.queueId === queueId && message.sysFlag === 0)
      .map((message) => message.body)
  for (const queueId of [0, 1, 2]) {
    expect(java.bodies('TopicTest', queueId)).toEqual(expected('TopicTest', queueId))
    expect(java.bodies('T'.repeat(140), queueId)).toEqual(expected('T'.repeat(140), queueId))
  }
  expect(java.store.queryByKey('TopicTest', 'k7', 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets).toHaveLength(1)
  expect(java.reports.warnings.concat(java.reports.errors)).toEqual([])
})
