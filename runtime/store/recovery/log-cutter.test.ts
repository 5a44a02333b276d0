import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { SegmentFiles, segmentName } from '../commit-log/segment-files.ts'
import { cutLog } from './log-cutter.ts'

const FOLDER = '/store/commitlog'
const CUT = '/store/cut'
const SEGMENT_BYTES = 4096
const END = {
  endOffset: 1000,
  kind: 'corrupt',
  reason: 'no record starts here',
  debrisEnd: 2000,
  nextRecordOffset: SEGMENT_BYTES,
  recordCount: 1,
} as const

test.each([
  ['unused', 0],
  ['used', 1],
])('the power goes while a file is cleared: the %s file behind it does not come back', (_, fill) => {
  const disk = new SimDisk()
  const files = new SegmentFiles(disk, FOLDER, SEGMENT_BYTES)
  for (const [start, byte] of [
    [0, 1],
    [SEGMENT_BYTES, fill],
  ] as const) {
    files.create(start)
    files.write(Buffer.alloc(2000, byte), 0, 2000, start)
    files.file(start).syncDataNow()
  }
  // The first makes the file short, the second gives it its length again.
  disk.fail({ nth: 2, code: 'EIO', operations: ['truncate'], path: /commitlog/, hit: () => disk.crash('power-worst') })
  const reporter = { info: () => {}, warn: () => {}, error: () => {} }
  expect(() => cutLog(disk, files, END, CUT, reporter)).toThrow('EIO')
  expect(disk.list(FOLDER)).toEqual([segmentName(0)])
  expect(disk.list(CUT).length).toBe(1 + fill)
  expect(new SegmentFiles(disk, FOLDER, SEGMENT_BYTES).starts).toEqual([0])
})
