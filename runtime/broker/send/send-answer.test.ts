import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeHost } from '../../codec/message/host.ts'
import { decodeCommand } from '../../codec/remoting/remoting-command.ts'
import type { Channel } from '../../net/channel.ts'
import { PendingSends, UNIQUE_KEY_MAX } from '../acks/pending-sends.ts'
import { encodeRecallHandle, recallHandleStart } from '../timer/recall-handle.ts'
import { putHex64, putNumber, SendAnswers } from './send-answer.ts'

/** An output that keeps what was laid out. */
class KeptOutput {
  bytes = Buffer.alloc(4096)
  view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
  length = 0

  reserve(): number {
    return 0
  }

  commit(length: number): void {
    this.length = length
  }
}

interface Sent {
  readonly serializeType: 0 | 1
  readonly code: number
  readonly opaque: number
  readonly phyOffset: number
  readonly queueId: number
  readonly queueOffset: number
  readonly uniqueKey: string
  readonly recall?: { readonly topic: string; readonly brokerName: string; readonly dueMs: number } | undefined
}

function answered(answers: SendAnswers, sent: Sent): Buffer {
  const out = new KeptOutput()
  const sends = new PendingSends({ max: 10, flushTimeoutMs: 1, replicaTimeoutMs: 1 })
  const slot = sends.add(1, 0, 0, 0, { out, isOpen: true } as unknown as Channel)
  sends.opaque[slot] = sent.opaque
  sends.serializeType[slot] = sent.serializeType
  sends.phyOffset[slot] = sent.phyOffset
  sends.queueId[slot] = sent.queueId
  sends.queueOffset[slot] = sent.queueOffset
  sends.uniqueKey.set(Buffer.from(sent.uniqueKey), slot * UNIQUE_KEY_MAX)
  sends.uniqueKeyLength[slot] = sent.uniqueKey.length
  if (sent.recall !== undefined) {
    sends.recallStart[slot] = recallHandleStart(sent.recall.topic, sent.recall.brokerName)
    sends.recallMs[slot] = sent.recall.dueMs
  }
  answers.answer(sends, slot, sent.code)
  return out.bytes.subarray(0, out.length)
}

const GOLDEN = new URL('../../../test/compat/golden/frames.jsonl', import.meta.url)

test('answers say the same as those recorded from an Apache broker', () => {
  const golden = readFileSync(GOLDEN, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((frame) => frame.answers === 310 && frame.code === 0)
  expect(golden.length).toBeGreaterThan(1)
  for (const frame of golden) {
    const { extFields, opaque, serialization } = frame
    const host = Buffer.from(extFields.msgId.slice(0, 16), 'hex')
    const answers = new SendAnswers(host, extFields.MSG_REGION, extFields.TRACE_ON === 'true')
    const bytes = answered(answers, {
      serializeType: serialization === 'JSON' ? 0 : 1,
      code: 0,
      opaque,
      phyOffset: Number.parseInt(extFields.msgId.slice(16), 16),
      queueId: Number(extFields.queueId),
      queueOffset: Number(extFields.queueOffset),
      uniqueKey: extFields.transactionId,
    })
    expect(decodeCommand(bytes)).toEqual(decodeCommand(Buffer.from(frame.hex, 'hex')))
  }
})

test('every answer is a frame that says what was to be said', () => {
  const answers = new SendAnswers(encodeHost('10.0.0.1', 10911), 'a "region"', false)
  fc.assert(
    fc.property(
      fc.record({
        serializeType: fc.constantFrom(0 as const, 1 as const),
        code: fc.constantFrom(0, 10, 11, 12),
        opaque: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        phyOffset: fc.maxSafeNat(),
        queueId: fc.nat(65_535),
        queueOffset: fc.maxSafeNat(),
        uniqueKey: fc.stringMatching(/^[0-9A-F]{0,64}$/),
        recall: fc.option(
          fc.record({
            topic: fc.stringMatching(/^[a-z]{1,255}$/),
            brokerName: fc.stringMatching(/^[a-zü]{1,200}$/),
            dueMs: fc.nat(2 ** 42),
          }),
          { nil: undefined },
        ),
      }),
      (sent) => {
        const { code, opaque, serializeType, fields } = decodeCommand(answered(answers, sent))
        expect({ code, opaque, serializeType }).toEqual({
          code: sent.code,
          opaque: sent.opaque,
          serializeType: sent.serializeType,
        })
        const key = sent.uniqueKey === '' ? {} : { transactionId: sent.uniqueKey }
        expect({ ...fields }).toEqual({
          MSG_REGION: 'a "region"',
          TRACE_ON: 'false',
          msgId: `0A00000100002A9F${sent.phyOffset.toString(16).toUpperCase().padStart(16, '0')}`,
          queueId: String(sent.queueId),
          queueOffset: String(sent.queueOffset),
          ...key,
          ...handleOf(sent),
        })
      },
    ),
  )
})

function handleOf({ uniqueKey, recall }: Sent): Record<string, string> {
  if (recall === undefined || uniqueKey === '') return {}
  const { topic, brokerName, dueMs } = recall
  return { recallHandle: encodeRecallHandle({ topic, brokerName, timeText: String(dueMs), uniqueKey }) }
}

test('numbers are written as String and toString(16) write them', () => {
  const bytes = Buffer.alloc(32)
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(bytes.toString('latin1', 0, putNumber(bytes, 0, value))).toBe(String(value))
      const hex = Math.abs(value).toString(16).toUpperCase().padStart(16, '0')
      expect(bytes.toString('latin1', 0, putHex64(bytes, 0, Math.abs(value)))).toBe(hex)
    }),
  )
})
