import { expect, test } from 'vitest'
import { ColdReader } from './cold-reader.ts'
import type { SegmentFiles } from './segment-files.ts'

/** A reader of a log whose bytes are their offsets, and the lengths that were read from disk. */
function readerWith(config: { dataReadAheadEnable: boolean }) {
  const lengths: number[] = []
  const files = {
    read(bytes: Uint8Array, start: number, length: number, phyOffset: number) {
      lengths.push(length)
      for (let i = 0; i < length; i++) bytes[start + i] = phyOffset + i
      return length
    },
  }
  const reader = new ColdReader(files as SegmentFiles, config)
  const first = (phyOffset: number, length: number) => reader.read(phyOffset, length, 1e6)?.[reader.start]
  return { lengths, first }
}

test('a read from disk brings in what lies behind, unless nothing is to be read ahead', () => {
  const config = { dataReadAheadEnable: true }
  const { lengths, first } = readerWith(config)
  expect([first(0, 10), first(50, 10)]).toEqual([0, 50])
  expect(lengths).toEqual([65_536])
  config.dataReadAheadEnable = false
  expect([first(70_000, 10), first(70_003, 7), first(70_010, 10)]).toEqual([70_000 & 255, 70_003 & 255, 70_010 & 255])
  expect(lengths.slice(1)).toEqual([10, 10])
})
