import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { decodeMessage } from '../../codec/message/message-ext.ts'
import { COMMIT_LOG, ROOT, StoreFixture } from '../testing/store-fixture.ts'

const FIRST = `${COMMIT_LOG}/00000000000000000000`
const SECOND = `${COMMIT_LOG}/00000000000000008192`

/** Changes a commit log file behind the store's back. */
function patch(disk: SimDisk, path: string, change: (bytes: Buffer) => void): void {
  const bytes = disk.readFile(path)
  change(bytes)
  disk.writeFile(path, bytes)
}

function keptCopies(disk: SimDisk): [string, Buffer][] {
  return disk.list(`${ROOT}/cut`).map((name) => [name, disk.readFile(`${ROOT}/cut/${name}`)])
}

describe('a clean stop', () => {
  test('loses nothing and reads next to nothing', () => {
    const fixture = new StoreFixture()
    for (let i = 0; i < 100; i++) fixture.put({ queueId: i % 4, body: `m${i}` })
    const end = fixture.store.writtenOffset
    const store = fixture.reopen()
    expect(store.writtenOffset).toBe(end)
    expect(store.recovery).toMatchObject({ endOffset: end, recordCount: 1, kind: 'clean' })
    expect(fixture.bodies('TopicTest', 3)).toEqual(Array.from({ length: 25 }, (_, i) => `m${i * 4 + 3}`))
    expect(store.queue('TopicTest', 1).nextOffset).toBe(25)
    expect(fixture.reports.errors.concat(fixture.reports.warnings)).toEqual([])
  })

  test('of an empty store, also twice', () => {
    const fixture = new StoreFixture()
    expect(fixture.reopen().writtenOffset).toBe(0)
    expect(fixture.reopen().recovery.recordCount).toBe(0)
    expect(fixture.put()).toBe(0)
  })

  test('queues that somebody deleted are made again', () => {
    const fixture = new StoreFixture()
    for (let i = 0; i < 100; i++) fixture.put({ queueId: i % 4, body: `m${i}` })
    const before = fixture.messages('TopicTest', 2)
    fixture.store.close()
    fixture.disk.remove(`${ROOT}/consumequeue`)
    fixture.disk.remove(`${ROOT}/checkpoint`)
    const again = new StoreFixture({}, fixture.disk)
    expect(again.messages('TopicTest', 2)).toEqual(before)
    expect(again.store.recovery.recordCount).toBe(100)
  })

  test('a commit log that somebody deleted takes the queues with it', () => {
    const fixture = new StoreFixture()
    for (let i = 0; i < 10; i++) fixture.put()
    fixture.store.close()
    fixture.disk.remove(COMMIT_LOG)
    const again = new StoreFixture({}, fixture.disk)
    expect([again.store.writtenOffset, again.bodies()]).toEqual([0, []])
    expect(again.put()).toBe(0)
  })
})

describe('after kill -9', () => {
  test('everything committed is there, in queues and index', () => {
    const fixture = new StoreFixture()
    for (let i = 0; i < 200; i++) fixture.put({ queueId: i % 4, body: `m${i}`, properties: `KEYS\x01k${i}\x02` })
    fixture.stage({ body: 'never committed' })
    const end = fixture.store.writtenOffset
    const store = fixture.restart()
    expect(store.writtenOffset).toBe(end)
    expect(fixture.bodies('TopicTest', 1)).toEqual(Array.from({ length: 50 }, (_, i) => `m${i * 4 + 1}`))
    for (const i of [0, 57, 199]) {
      const { phyOffsets } = store.queryByKey('TopicTest', `k${i}`, 10, 0, Number.MAX_SAFE_INTEGER)
      expect(phyOffsets).toHaveLength(1)
      const { bytes, start } = store.recordAt(phyOffsets[0]!)!
      expect(decodeMessage(bytes, start).body.toString()).toBe(`m${i}`)
    }
    expect(fixture.reports.warnings).toEqual([])
    expect(store.flushedOffset).toBe(end)
  })

  test('recovery reads what was not yet durable, not the whole store', async () => {
    const fixture = new StoreFixture({}, new SimDisk({ syncs: 'manual' }))
    for (let i = 0; i < 500; i++) fixture.put({ queueId: i % 4, body: Buffer.alloc(200) })
    fixture.flush()
    for (let i = 0; i < 20; i++) {
      fixture.clock.nowMs += 5000
      fixture.store.tick(fixture.clock.nowMs)
      fixture.disk.completeSyncs()
    }
    for (let i = 0; i < 7; i++) fixture.put({ queueId: i % 4 })
    const store = fixture.restart()
    expect(store.recovery.recordCount).toBe(8)
    expect(store.queue('TopicTest', 3).maxOffset).toBe(125 + 1)
  })

  test('a log cut off at any byte ends with the last whole message, and the rest is kept aside', () => {
    const fixture = new StoreFixture()
    fixture.put({ body: 'kept' })
    const start = fixture.store.writtenOffset
    fixture.put({ body: 'the last but one', properties: 'TAGS\x01TagA\x02' })
    const middle = fixture.store.writtenOffset
    fixture.put({ body: 'the last', properties: 'KEYS\x01k\x02' })
    const end = fixture.store.writtenOffset
    const whole = fixture.disk.readFile(FIRST)
    for (let cut = start; cut < end; cut++) {
      const disk = new SimDisk()
      disk.writeFile(FIRST, Buffer.concat([whole.subarray(0, cut), Buffer.alloc(8192 - cut)]))
      disk.writeFile(`${ROOT}/abort`, Buffer.from('1'))
      const again = new StoreFixture({}, disk)
      const expected = cut < middle ? start : middle
      expect([cut, again.store.writtenOffset]).toEqual([cut, expected])
      expect(again.bodies()).toEqual(cut < middle ? ['kept'] : ['kept', 'the last but one'])
      const left = whole.subarray(expected, cut)
      const leftEnd = left.findLastIndex((byte) => byte !== 0) + 1
      expect(Buffer.concat(keptCopies(disk).map(([, bytes]) => bytes))).toEqual(left.subarray(0, leftEnd))
      expect([again.reports.warnings.length, again.reports.errors]).toEqual([leftEnd > 0 ? 1 : 0, []])
      again.put({ body: 'and on' })
      expect(again.store.lastAppend.queueOffset).toBe(cut < middle ? 1 : 2)
      expect(again.logBytes().subarray(0, expected)).toEqual(whole.subarray(0, expected))
    }
  })

  test('a damaged message with whole ones behind it is reported as such, and nothing is thrown away', () => {
    const fixture = new StoreFixture()
    const offsets = Array.from({ length: 5 }, (_, i) => fixture.put({ body: `m${i}`, properties: `KEYS\x01k${i}\x02` }))
    const end = fixture.store.writtenOffset
    fixture.disk.crash('process')
    patch(fixture.disk, FIRST, (bytes) => {
      bytes[offsets[2]! + 88] = 0xff
    })
    const damaged = fixture.disk.readFile(FIRST).subarray(offsets[2]!, end)
    const again = new StoreFixture({}, fixture.disk)
    expect(again.store.recovery).toMatchObject({ kind: 'corrupt', endOffset: offsets[2] })
    expect(again.bodies()).toEqual(['m0', 'm1'])
    expect(keptCopies(fixture.disk)).toEqual([[`${String(offsets[2]).padStart(20, '0')}.part`, damaged]])
    expect(again.reports.warnings).toEqual([])
    expect(again.reports.errors).toEqual([
      `commit log is damaged at offset ${offsets[2]} (its body does not match its CRC), with intact messages behind it ` +
        `from offset ${offsets[3]}; the log now ends at the damage. kept a copy of what was cut off: ` +
        `/store/cut/${String(offsets[2]).padStart(20, '0')}.part. If a replica holds these messages, take its store; ` +
        'otherwise read them from the copy',
    ])
    again.put({ body: 'new', properties: 'KEYS\x01n\x02' })
    expect(again.store.queryByKey('TopicTest', 'n', 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets).toEqual([offsets[2]])
    expect(again.store.queryByKey('TopicTest', 'k3', 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets).toEqual([])
  })

  test('a hole of zeros with messages behind it is damage too', () => {
    const fixture = new StoreFixture()
    const offsets = Array.from({ length: 5 }, (_, i) => fixture.put({ body: `m${i}` }))
    fixture.disk.crash('process')
    patch(fixture.disk, FIRST, (bytes) => bytes.fill(0, offsets[1], offsets[3]))
    const again = new StoreFixture({}, fixture.disk)
    expect(again.store.recovery).toMatchObject({ kind: 'corrupt', endOffset: offsets[1] })
    expect(again.bodies()).toEqual(['m0'])
    expect(keptCopies(fixture.disk)[0]![1].length).toBeGreaterThan(offsets[3]! - offsets[1]!)
  })

  test('later files are moved aside with the rest, unused ones are removed', () => {
    const fixture = new StoreFixture()
    for (let i = 0; i < 30; i++) fixture.put({ body: Buffer.alloc(900, i + 1) })
    const last = fixture.disk.list(COMMIT_LOG).at(-1)!
    fixture.disk.crash('process')
    patch(fixture.disk, FIRST, (bytes) => {
      bytes[500] = 0xff
    })
    const second = fixture.disk.readFile(SECOND)
    const unused = String(Number(last) + 8192).padStart(20, '0')
    fixture.disk.writeFile(`${COMMIT_LOG}/${unused}`, Buffer.alloc(8192))
    const again = new StoreFixture({}, fixture.disk)
    expect(again.store.recovery).toMatchObject({ kind: 'corrupt', endOffset: 0 })
    expect(fixture.disk.list(COMMIT_LOG)).toEqual(['00000000000000000000'])
    const copies = new Map(keptCopies(fixture.disk))
    expect([...copies.keys()]).toEqual([
      '00000000000000000000.part',
      ...Array.from({ length: Number(last) / 8192 }, (_, i) => String((i + 1) * 8192).padStart(20, '0')),
    ])
    expect(copies.get('00000000000000008192')).toEqual(second)
  })

  test('if the rest cannot be kept, the store does not open and stays as it is', () => {
    const fixture = new StoreFixture()
    const offsets = Array.from({ length: 3 }, (_, i) => fixture.put({ body: `m${i}` }))
    fixture.disk.crash('process')
    patch(fixture.disk, FIRST, (bytes) => {
      bytes[offsets[1]! + 88] = 0xff
    })
    const before = fixture.disk.readFile(FIRST)
    fixture.disk.fail({ nth: 1, code: 'ENOSPC', operations: ['write'], path: /cut/ })
    expect(() => new StoreFixture({}, fixture.disk)).toThrow('ENOSPC')
    expect(fixture.disk.readFile(FIRST)).toEqual(before)
    const again = new StoreFixture({}, fixture.disk)
    expect(again.bodies()).toEqual(['m0'])
    // The first attempt left a copy that was cut off.
    expect(keptCopies(fixture.disk).map(([name]) => name)).toContain(`${String(offsets[1]).padStart(20, '0')}.part.2`)
  })

  test('at a file border: the blank is there, the next file is empty', () => {
    const fixture = new StoreFixture()
    for (let i = 0; i < 8; i++) fixture.put({ body: Buffer.alloc(900) })
    fixture.put({ body: Buffer.alloc(900) })
    fixture.disk.crash('process')
    fixture.disk.writeFile(SECOND, Buffer.alloc(8192))
    const again = new StoreFixture({}, fixture.disk)
    expect(again.store.writtenOffset).toBe(8192)
    expect(again.messages()).toHaveLength(8)
    expect(again.put({ body: 'on' })).toBe(8192)
  })

  test('at a file border: the blank is there, the next file is missing', () => {
    const fixture = new StoreFixture()
    for (let i = 0; i < 9; i++) fixture.put({ body: Buffer.alloc(900) })
    fixture.disk.crash('process')
    fixture.disk.remove(SECOND)
    const again = new StoreFixture({}, fixture.disk)
    // Not before the blank: a slave may have it, and would hold more than its master.
    expect(again.store.writtenOffset).toBe(8192)
    expect(again.messages()).toHaveLength(8)
    expect(again.reopen().writtenOffset).toBe(8192)
    expect(again.put({ body: Buffer.alloc(900) })).toBe(8192)
    expect(again.messages()).toHaveLength(9)
  })

  test('a checkpoint without position (older Java) sends recovery back to a file by time', () => {
    const fixture = new StoreFixture()
    const start = fixture.clock.nowMs
    for (let i = 0; i < 40; i++) {
      fixture.clock.nowMs = start + i * 10_000
      fixture.put({ body: Buffer.alloc(900) })
    }
    fixture.store.close()
    fixture.disk.writeFile(`${ROOT}/abort`, Buffer.from('1'))
    patch(fixture.disk, `${ROOT}/checkpoint`, (bytes) => {
      bytes.fill(0, 40, 48)
    })
    const again = new StoreFixture({}, fixture.disk)
    // 8 messages a file: 40 fill five, and the last one's first is 70 s older than the checkpoint.
    expect(again.store.recovery).toMatchObject({ fromOffset: 4 * 8192, recordCount: 8 })
    expect(again.messages()).toHaveLength(40)
  })
})

describe('after a power cut', () => {
  test('what was flushed is there, whatever else is lost or torn', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.record({ size: fc.nat(1500), queueId: fc.nat(3), flush: fc.nat(5), tick: fc.boolean() }), {
          minLength: 1,
          maxLength: 40,
        }),
        (seed, puts) => {
          const fixture = new StoreFixture({}, new SimDisk({ seed, syncs: 'manual' }))
          const expected: string[][] = [[], [], [], []]
          let safe = [0, 0, 0, 0]
          for (const [i, { size, queueId, flush, tick }] of puts.entries()) {
            const body = `${i}:`.padEnd(size, 'x')
            fixture.put({ queueId, body, properties: `KEYS\x01k${i}\x02` })
            expected[queueId]!.push(body)
            if (flush === 0) {
              fixture.flush()
              safe = expected.map((bodies) => bodies.length)
            }
            if (!tick) continue
            fixture.clock.nowMs += 700
            fixture.store.tick(fixture.clock.nowMs)
            if (flush === 1) fixture.disk.completeSyncs()
          }
          fixture.restart('power')
          for (let queueId = 0; queueId < 4; queueId++) {
            const bodies = fixture.bodies('TopicTest', queueId)
            expect(bodies.length).toBeGreaterThanOrEqual(safe[queueId]!)
            expect(bodies).toEqual(expected[queueId]!.slice(0, bodies.length))
          }
          // And the store goes on from there.
          fixture.put({ queueId: 1, body: 'on' })
          expect(fixture.bodies('TopicTest', 1).at(-1)).toBe('on')
          fixture.restart()
          expect(fixture.bodies('TopicTest', 1).at(-1)).toBe('on')
        },
      ),
      { numRuns: 150 },
    )
  })

  test('SYNC_FLUSH: what was told to be flushed survives the worst', () => {
    const fixture = new StoreFixture({ flushDiskType: 'SYNC_FLUSH' }, new SimDisk({ syncs: 'manual' }))
    let told = 0
    fixture.store.onFlushed((offset) => {
      told = offset
    })
    const ends: number[] = []
    for (let i = 0; i < 30; i++) {
      fixture.put({ body: Buffer.alloc(900, i) })
      ends.push(fixture.store.writtenOffset)
      if (i % 7 === 0) fixture.disk.completeSyncs()
    }
    const safe = ends.filter((end) => end <= told).length
    fixture.restart('power-worst')
    expect(fixture.messages().length).toBe(safe)
    expect(fixture.store.writtenOffset).toBe(told)
  })
})

test('whichever disk call of a run fails, what was committed is there after a restart', () => {
  const run = (fixture: StoreFixture): string[] => {
    const kept: string[] = []
    for (let i = 0; i < 25; i++) {
      try {
        fixture.stage({ body: `${i}`.padEnd(700), properties: `KEYS\x01k${i}\x02` })
        fixture.stage({ body: `${i}b`.padEnd(200) })
      } catch {
        fixture.store.commit()
        continue
      }
      if (fixture.store.commit()) kept.push(`${i}`.padEnd(700), `${i}b`.padEnd(200))
      fixture.clock.nowMs += 600
      fixture.store.tick(fixture.clock.nowMs)
      fixture.disk.completeSyncs()
    }
    return kept
  }
  const counted = new StoreFixture({}, new SimDisk({ syncs: 'manual' }))
  const before = counted.disk.callCount
  expect(run(counted)).toHaveLength(50)
  const calls = counted.disk.callCount - before
  expect(calls).toBeGreaterThan(60)
  for (let nth = 1; nth <= calls; nth++) {
    const fixture = new StoreFixture({}, new SimDisk({ seed: nth, syncs: 'manual' }))
    fixture.disk.fail({ nth, code: 'EIO' })
    const kept = run(fixture)
    fixture.restart()
    const bodies = fixture.bodies()
    // A message staged before the failing one of a pair may have gone in with the commit that followed.
    expect(bodies.filter((body) => kept.includes(body))).toEqual(kept)
    expect(fixture.reports.errors).toEqual([])
  }
})

test.each(['closed', 'killed'])('queues removed by an operator are made again from the whole log, %s before', (how) => {
  const fixture = new StoreFixture()
  for (let i = 0; i < 60; i++) fixture.put({ body: `m${i}` })
  fixture.flush()
  fixture.store.close()
  if (how === 'killed') fixture.disk.writeFile(`${ROOT}/abort`, Buffer.from('1'))
  fixture.disk.remove(`${ROOT}/consumequeue`)
  fixture.restart()
  expect(fixture.bodies()).toEqual(Array.from({ length: 60 }, (_, i) => `m${i}`))
})

test('a message whose keys filled one index file and began the next has all of them after a power cut', () => {
  // Entry 0 of a file is none: 9 entries, and each message has two keys.
  const fixture = new StoreFixture({ maxIndexNum: 10 }, new SimDisk({ syncs: 'manual' }))
  for (let i = 0; i < 4; i++) fixture.put({ properties: `KEYS\x01a${i} b${i}\x02` })
  const tickUntilIdle = () => {
    for (let i = 0; i < 30; i++) {
      fixture.clock.nowMs += 100
      fixture.store.tick(fixture.clock.nowMs)
      while (fixture.disk.completeSyncs() > 0);
    }
  }
  tickUntilIdle()
  const split = fixture.put({ properties: 'KEYS\x01a4 b4\x02' })
  fixture.flush()
  // The full file's entries and header reach the disk, the next file does not.
  const [full] = fixture.disk.list(`${ROOT}/index`)
  const file = fixture.disk.open(`${ROOT}/index/${full}`, 'write')
  fixture.store.flushDispatched(() => {})
  fixture.clock.nowMs += 100
  fixture.store.tick(fixture.clock.nowMs)
  file.syncDataNow()
  fixture.restart('power-worst')
  for (const key of ['a4', 'b4']) {
    expect(fixture.store.queryByKey('TopicTest', key, 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets).toEqual([split])
  }
})

test('a commit log file whose process died before its name was synced keeps what is flushed to it', () => {
  const disk = new SimDisk()
  disk.writeFile(`${ROOT}/abort`, Buffer.from('4711'))
  const file = disk.open(FIRST, 'write')
  file.truncate(8192)
  file.syncDataNow()
  disk.crash('process')
  const fixture = new StoreFixture({}, disk)
  fixture.put({ body: 'flushed' })
  fixture.flush()
  fixture.restart('power-worst')
  expect(fixture.bodies()).toEqual(['flushed'])
})

test('a record of which a sector of its properties never reached the disk is not taken for a message', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'before' })
  const torn = fixture.put({ body: 'torn', properties: `KEYS\x01k\x02LONG\x01${'x'.repeat(1500)}\x02` })
  fixture.put({ body: 'after' })
  const sector = Math.ceil((torn + 200) / 512) * 512
  patch(fixture.disk, `${COMMIT_LOG}/00000000000000000000`, (bytes) => bytes.fill(0, sector, sector + 512))
  fixture.restart()
  expect(fixture.bodies()).toEqual(['before'])
  expect(fixture.store.recovery.kind).toBe('corrupt')
})

test('what was cut off does not come back in a power cut', () => {
  const fixture = new StoreFixture()
  const torn = fixture.put({ body: 'torn' })
  const behind = fixture.put({ body: 'behind' })
  fixture.flush()
  const path = `${COMMIT_LOG}/00000000000000000000`
  const file = fixture.disk.open(path, 'write')
  file.write(Buffer.alloc(behind - torn), 0, behind - torn, torn)
  file.syncDataNow()
  fixture.restart()
  expect(fixture.store.recovery.kind).toBe('corrupt')
  fixture.restart('power-worst')
  expect(fixture.store.recovery.kind).toBe('clean')
  expect(
    fixture.disk
      .readFile(path)
      .subarray(torn)
      .every((byte) => byte === 0),
  ).toBe(true)
})

test('where no checkpoint has reached the disk, no file is taken to be in the queues', () => {
  const fixture = new StoreFixture()
  for (let i = 0; i < 60; i++) fixture.put({ body: `m${i}`.padEnd(700) })
  fixture.flush()
  fixture.put({ topic: 'Other', body: 'the queues are not empty' })
  const queue = fixture.store.findQueue('Other', 0)!
  queue.writeOut()
  fixture.disk.writeFile(`${ROOT}/checkpoint`, Buffer.alloc(4096))
  fixture.restart('process')
  expect(fixture.bodies().length).toBe(60)
})

test('recovery goes back to what the checkpoint says is in the queues, however many files that is', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'in the queues' })
  fixture.store.findQueue('TopicTest', 0)!.writeOut()
  fixture.flush()
  // Only times, as before 5.4.
  const checkpoint = Buffer.alloc(4096)
  for (const at of [0, 8]) checkpoint.writeBigInt64BE(BigInt(fixture.clock.nowMs), at)
  fixture.clock.nowMs += 10_000
  for (let i = 0; i < 200; i++) fixture.put({ body: `m${i}`.padEnd(700) })
  expect(fixture.disk.list(COMMIT_LOG).length).toBeGreaterThan(15)
  fixture.disk.writeFile(`${ROOT}/checkpoint`, checkpoint)
  fixture.restart('process')
  expect(fixture.bodies().length).toBe(201)
})
