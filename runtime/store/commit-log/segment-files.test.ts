import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { SegmentFiles } from './segment-files.ts'

const FOLDER = '/store/commitlog'

function twoFiles(): { disk: SimDisk; files: SegmentFiles } {
  const disk = new SimDisk()
  const files = new SegmentFiles(disk, FOLDER, 4096)
  files.create(0)
  files.create(4096)
  return { disk, files }
}

test('a file that was being cleared when its process died gets its length again, also with one made ahead of it', () => {
  const { disk, files } = twoFiles()
  files.write(Buffer.alloc(3000, 1), 0, 3000, 0)
  disk.fail({ nth: 2, code: 'EIO', operations: ['truncate'], hit: () => disk.crash('process') })
  expect(() => files.clearFrom(1000)).toThrow('EIO')
  expect(disk.stat(files.pathOf(0))?.sizeBytes).toBe(1000)
  const again = new SegmentFiles(disk, FOLDER, 4096)
  expect(again.starts).toEqual([0, 4096])
  expect(disk.stat(files.pathOf(0))?.sizeBytes).toBe(4096)
})

test('one that was being cleared from its beginning on, too; but not when a message stands behind it', () => {
  const { disk, files } = twoFiles()
  files.write(Buffer.alloc(3000, 1), 0, 3000, 0)
  disk.fail({ nth: 2, code: 'EIO', operations: ['truncate'], hit: () => disk.crash('process') })
  expect(() => files.clearFrom(0)).toThrow('EIO')
  expect(disk.stat(files.pathOf(0))?.sizeBytes).toBe(0)
  const again = new SegmentFiles(disk, FOLDER, 4096)
  expect(again.starts).toEqual([0, 4096])
  expect(disk.stat(files.pathOf(0))?.sizeBytes).toBe(4096)

  again.write(Buffer.alloc(100, 1), 0, 100, 4096)
  again.file(0).truncate(0)
  expect(() => new SegmentFiles(disk, FOLDER, 4096)).toThrow('00000000000000000000 is 0 bytes long')
})

test('files of another mappedFileSizeCommitLog are refused', () => {
  const { disk } = twoFiles()
  expect(() => new SegmentFiles(disk, FOLDER, 8192)).toThrow('is 4096 bytes long, but mappedFileSizeCommitLog is 8192')
  expect(() => new SegmentFiles(disk, FOLDER, 2048)).toThrow('is 4096 bytes long, but mappedFileSizeCommitLog is 2048')
})
