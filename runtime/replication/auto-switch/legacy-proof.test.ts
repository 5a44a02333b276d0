import { expect, test } from 'vitest'
import { LegacyProof, PROOF_BYTES } from './legacy-proof.ts'

const SEGMENT = 1 << 20
const byteAt = (offset: number): number => (offset * 31) & 0xff
const bytesOf = (offset: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => byteAt(offset + i)))

/** A log of such bytes, in segments of 1 MiB. */
function proofOf(minOffset: number, writtenOffset: number): LegacyProof {
  const readRaw = (phyOffset: number, maxBytes: number) => {
    const end = Math.min(phyOffset + maxBytes, writtenOffset, (Math.floor(phyOffset / SEGMENT) + 1) * SEGMENT)
    if (phyOffset < minOffset || phyOffset >= writtenOffset) return undefined
    return { bytes: bytesOf(phyOffset, end - phyOffset), start: 0, length: end - phyOffset }
  }
  return new LegacyProof({ minOffset, writtenOffset, readRaw })
}

test('a short log is compared as a whole, of a long one the end', () => {
  expect(proofOf(100, 5000).fromOffset).toBe(100)
  expect(proofOf(0, 3 * PROOF_BYTES).fromOffset).toBe(2 * PROOF_BYTES)
})

test('equal bytes, in pieces that cross segments and reach behind the end', () => {
  const proof = proofOf(0, SEGMENT + 100)
  expect(proof.take(bytesOf(0, 1000), 0, 1000, 0)).toBe(1000)
  expect(proof.isDone).toBe(false)
  expect(proof.take(Buffer.concat([Buffer.from('head'), bytesOf(1000, SEGMENT)]), 4, SEGMENT, 1000)).toBe(SEGMENT - 900)
  expect(proof.isDone).toBe(true)
})

test('what expired at the master is not compared', () => {
  const proof = proofOf(0, 5000)
  expect(proof.take(bytesOf(2000, 1000), 0, 1000, 2000)).toBe(1000)
  expect(proof.isDone).toBe(false)
  expect(proof.take(bytesOf(3000, 2000), 0, 2000, 3000)).toBe(2000)
  expect(proof.isDone).toBe(true)
})

test('one different byte, a gap, or bytes that were not asked for', () => {
  const different = bytesOf(0, 1000)
  different[999]! ^= 1
  expect(proofOf(0, 1000).take(different, 0, 1000, 0)).toBe(-1)
  const proof = proofOf(100, 5000)
  expect(proof.take(bytesOf(0, 500), 0, 500, 0)).toBe(-1)
  expect(proof.take(bytesOf(100, 500), 0, 500, 100)).toBe(500)
  expect(proof.take(bytesOf(700, 500), 0, 500, 700)).toBe(-1)
  expect(proof.isDone).toBe(false)
})
