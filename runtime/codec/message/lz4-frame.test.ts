import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decompressLz4Frame } from './lz4-frame.ts'
import { decodeMessage } from './message-ext.ts'

const records = JSON.parse(readFileSync(new URL('./golden/records.json', import.meta.url), 'utf8')) as {
  name: string
  hex: string
}[]

function frameOf(name: string): Buffer {
  const hex = records.find((each) => each.name === name)!.hex
  return decodeMessage(Buffer.from(hex, 'hex'), 0, { decompress: false }).body
}

test('expands what LZ4FrameOutputStream wrote', () => {
  expect(decompressLz4Frame(frameOf('compressed LZ4')).toString()).toBe('gantry '.repeat(300))
})

test('a damaged or cut frame is refused or gives other bytes, never hangs or reads beyond itself', () => {
  const frame = frameOf('lz4 long')
  for (let length = 0; length < frame.length; length++) {
    expect(() => decompressLz4Frame(frame.subarray(0, length))).toThrow(/LZ4/)
  }
  fc.assert(
    fc.property(fc.nat(frame.length - 1), fc.nat(255), (at, value) => {
      const damaged = Buffer.from(frame)
      damaged[at] = value
      try {
        expect(decompressLz4Frame(damaged).length).toBeLessThan(1 << 30)
      } catch (error) {
        expect((error as Error).message).toMatch(/LZ4/)
      }
    }),
  )
})
