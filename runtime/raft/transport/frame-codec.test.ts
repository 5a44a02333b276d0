import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Entry } from '../entry.ts'
import type { Message } from '../message.ts'
import { arbitraryMessage } from '../testing/arbitrary-message.ts'
import { command, membershipEntry } from '../testing/entries.ts'
import { decodeFrame, decodeRefusal, encodeFrames, encodeRefusal } from './frame-codec.ts'

function encode(messages: readonly Message[]): Buffer[] {
  return encodeFrames('g', 'n0-a:1;n1-b:2', messages)
}

test('what is sent is received: all messages, in order, with who sent them', () => {
  fc.assert(
    fc.property(fc.array(arbitraryMessage, { minLength: 1, maxLength: 6 }), (messages) => {
      const frames = encode(messages).map(decodeFrame)
      expect(frames.flatMap((frame) => frame.messages)).toEqual(messages)
      for (const { group, from, to, peers } of frames) {
        expect([group, from, to, peers]).toEqual(['g', 'n1', 'n0', 'n0-a:1;n1-b:2'])
      }
    }),
  )
})

test('what is cut off or altered is refused, or is another message, and nothing else', () => {
  fc.assert(
    fc.property(arbitraryMessage, fc.nat(), fc.nat(255), (message, at, value) => {
      const [bytes] = encode([message]) as [Buffer]
      expect(() => decodeFrame(bytes.subarray(0, at % bytes.length))).toThrow(/byte|bytes/)
      bytes[at % bytes.length] = value
      try {
        encode(decodeFrame(bytes).messages)
      } catch (error) {
        expect((error as Error).name).toBe('MalformedBytesError')
      }
    }),
    { numRuns: 500 },
  )
})

const append = {
  kind: 'append' as const,
  from: 'n1',
  to: 'n0',
  store: 0,
  cluster: 1,
  term: 3,
  previous: { index: 4, term: 2 },
  commit: 4,
}

test('entries that no leader could send are refused', () => {
  const sent = (entries: readonly Entry[]) => decodeFrame(encode([{ ...append, entries }])[0]!)
  expect(() => sent([command(5, 1)])).toThrow('entry 5 of term 1 follows one of term 2 in term 3')
  expect(() => sent([command(5, 4)])).toThrow('entry 5 of term 4 follows one of term 2 in term 3')
  const bad = { ...membershipEntry(5, 3, { cluster: 1, members: [] }) }
  expect(() => sent([bad])).toThrow('a membership without voters')
})

test('another version is named', () => {
  const [bytes] = encode([{ ...append, entries: [] }]) as [Buffer]
  bytes[0] = 2
  expect(() => decodeFrame(bytes)).toThrow('the sender speaks version 2 of raft messages, this member version 1')
})

test('much goes in several frames, none much larger than 4 MiB', () => {
  const entries = (first: number) => Array.from({ length: 4 }, (_, i) => command(first + i, 3, 'x'.repeat(700_000)))
  const messages = [5, 9, 13].map((first) => ({
    ...append,
    previous: { index: first - 1, term: 3 },
    entries: entries(first),
  }))
  const frames = encode(messages)
  expect(frames.length).toBe(3)
  const received = frames.flatMap((frame) => decodeFrame(frame).messages)
  const first = received.flatMap((message) => (message.kind === 'append' ? message.entries : []))
  expect(first.map(({ index, data }) => [index, data.length])).toEqual(
    Array.from({ length: 12 }, (_, i) => [5 + i, 700_000]),
  )
})

test('a refusal says who refuses and why', () => {
  const notice = { group: 'g', from: 'n0', reason: 'because' }
  expect(decodeRefusal(encodeRefusal(notice))).toEqual(notice)
})
