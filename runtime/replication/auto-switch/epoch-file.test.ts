import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { decodeEpochs, EpochFile, encodeEpochs } from './epoch-file.ts'
import { EpochHistory } from './epoch-history.ts'

const PATH = '/store/epochFileCheckpoint'
const ONE = new EpochHistory([{ epoch: 1, startOffset: 0 }])
const TWO = ONE.begin(2, 1234)
const THREE = TWO.begin(5, 1_073_741_824)

/** As Apache RocketMQ 5.5.0 writes it. */
const TEXT = '3\n1028048971\n1-0\n2-1234\n5-1073741824\n'

test('the file is the one that Apache RocketMQ writes and reads', () => {
  expect(encodeEpochs(THREE).toString()).toBe(TEXT)
  expect(decodeEpochs(Buffer.from(TEXT)).equals(THREE)).toBe(true)
  expect(decodeEpochs(Buffer.from('1\n0\n7-70\n')).toString()).toBe('7-70')
})

test('what was saved is loaded, and the one before it is kept as backup', () => {
  const disk = new SimDisk()
  const file = new EpochFile(disk, PATH)
  expect(file.load()).toEqual({ history: new EpochHistory(), trustedEndOffset: Infinity, problem: undefined })
  for (const history of [ONE, TWO, THREE]) file.save(history)
  expect(file.load().history.equals(THREE)).toBe(true)
  expect(disk.readFile(`${PATH}.bak`).equals(encodeEpochs(TWO))).toBe(true)
  file.save(new EpochHistory())
  expect(file.load()).toEqual({ history: new EpochHistory(), trustedEndOffset: Infinity, problem: undefined })
})

test('a power cut at any moment of a save leaves the old or the new history', () => {
  for (const next of [THREE, new EpochHistory()]) {
    for (let nth = 1; ; nth++) {
      const disk = new SimDisk({ seed: nth })
      const file = new EpochFile(disk, PATH)
      file.save(ONE)
      file.save(TWO)
      const before = disk.callCount
      disk.fail({ nth, code: 'EIO', forever: true })
      let isSaved = true
      try {
        file.save(next)
      } catch (error) {
        isSaved = false
        expect(String(error)).toContain('EIO')
      }
      const isOver = disk.callCount - before < nth
      disk.crash('power')
      const { history, problem } = file.load()
      expect(problem).toBeUndefined()
      expect([TWO, next].map(String)).toContain(String(history))
      if (isSaved) expect(String(history)).toBe(String(next))
      if (isOver) break
    }
  }
})

test('a damaged file: the backup counts up to where the last change may have been', () => {
  const disk = new SimDisk()
  const file = new EpochFile(disk, PATH)
  for (const history of [ONE, TWO, THREE]) file.save(history)
  for (const text of ['', '3\n1028048971\n1-0\n2-12', TEXT.replace('1234', '1235'), TEXT.replace('3\n', '4\n')]) {
    disk.writeFile(PATH, Buffer.from(text))
    const { history, trustedEndOffset, problem } = file.load()
    expect([String(history), trustedEndOffset]).toEqual(['1-0', 1234])
    expect(problem).toMatch(/^epoch file \/store\/epochFileCheckpoint is damaged: .*; .*\.bak is used$/)
  }
  disk.remove(PATH)
  expect(file.load()).toMatchObject({ trustedEndOffset: 1234 })
  disk.writeFile(`${PATH}.bak`, Buffer.from('1\n5\n1-0\n'))
  expect(() => file.load()).toThrow(
    'epoch file /store/epochFileCheckpoint is missing, but it has a backup, and /store/epochFileCheckpoint.bak is ' +
      'damaged: its checksum is 1725254278 instead of 5. Put the file back from a copy; or, if another replica of the ' +
      'group is its master, empty the store folder so that everything is copied anew; or, if this is the only replica, ' +
      'remove both files: what is in the log then counts as written before the group had a controller',
  )
})

test.each(['process', 'power', 'power-worst'] as const)(
  'a save in the place of a damaged file keeps the backup whole until it is done (crash of %s)',
  (kind) => {
    for (let nth = 1; ; nth++) {
      const disk = new SimDisk({ seed: nth })
      const file = new EpochFile(disk, PATH)
      for (const history of [ONE, TWO, THREE]) file.save(history)
      const main = disk.open(PATH, 'write')
      main.truncate(12)
      main.syncDataNow()
      const before = disk.callCount
      disk.fail({ nth, code: 'EIO', forever: true })
      try {
        file.save(ONE)
      } catch (error) {
        expect(String(error)).toContain('EIO')
      }
      const isOver = disk.callCount - before < nth
      disk.crash(kind)
      const { history, problem } = file.load()
      expect(history.equals(ONE)).toBe(true)
      if (!isOver) continue
      expect(problem).toBeUndefined()
      break
    }
  },
)

test('no change of a byte goes unnoticed', () => {
  fc.assert(
    fc.property(fc.nat(TEXT.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const bytes = Buffer.from(TEXT)
      if (bytes[at] === byte) return
      bytes[at] = byte
      let found: string
      try {
        found = String(decodeEpochs(bytes))
      } catch {
        return
      }
      // A leading zero, a sign or a blank leave a number what it is.
      expect(found).toBe(String(THREE))
    }),
    { numRuns: 1000 },
  )
})
