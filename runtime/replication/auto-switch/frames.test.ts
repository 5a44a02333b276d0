import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewOf } from '../../codec/bytes.ts'
import { FrameStream } from '../link/frame-stream.ts'
import { decodeEpochs, encodeEpochs } from './epoch-file.ts'
import { EpochHistory } from './epoch-history.ts'
import {
  encodeMasterHandshake,
  encodeReport,
  encodeSlaveHandshake,
  masterFrameSize,
  readMasterHandshake,
  readReport,
  readSlaveHandshake,
  readTransferHeader,
  State,
  slaveFrameSize,
  TRANSFER_HEADER_BYTES,
  writeTransferHeader,
} from './frames.ts'

interface Recorded {
  readonly from: 'slave' | 'master'
  readonly hex: string
  /** Of a transfer whose body is not kept. */
  readonly bodyBytes?: number
}

const golden = (name: string) =>
  readFileSync(join(import.meta.dirname, 'golden', name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

const connections: { scenario: string; frames: Recorded[] }[] = golden('connections.jsonl')

/** A frame as text: what was read of it. */
function text({ from, hex, bodyBytes }: Recorded): string {
  const bytes = Buffer.from(hex, 'hex')
  const view = viewOf(bytes)
  const isHandshake = view.getInt32(0) === State.handshake
  if (from === 'slave') {
    expect(slaveFrameSize(view, 0, bytes.length)).toBe(bytes.length)
    if (!isHandshake) return `report ${readReport(view, 0)}`
    const { brokerId, syncFromLastFile, asyncLearner } = readSlaveHandshake(view, 0)
    return `broker ${brokerId}${syncFromLastFile ? ' syncFromLastFile' : ''}${asyncLearner ? ' asyncLearner' : ''}`
  }
  const size = masterFrameSize(view, 0, bytes.length)
  expect(size).toBe(bodyBytes === undefined ? bytes.length : TRANSFER_HEADER_BYTES + bodyBytes)
  if (isHandshake) {
    const { maxPhyOffset, lastEpoch, epochs } = readMasterHandshake(view, 0)
    return `log ends at ${maxPhyOffset}, last epoch ${lastEpoch} of ${epochs}`
  }
  const header = { phyOffset: 0, epoch: 0, epochStartOffset: 0, confirmOffset: 0 }
  readTransferHeader(view, 0, header)
  const { phyOffset, epoch, epochStartOffset, confirmOffset } = header
  const confirmed = `confirmed ${confirmOffset}`
  return `${size - TRANSFER_HEADER_BYTES} bytes at ${phyOffset} of ${epoch}-${epochStartOffset}, ${confirmed}`
}

function encodedAgain({ from, hex }: Recorded): Buffer {
  const bytes = Buffer.from(hex, 'hex')
  const view = viewOf(bytes)
  const isHandshake = view.getInt32(0) === State.handshake
  if (from === 'slave')
    return isHandshake ? encodeSlaveHandshake(readSlaveHandshake(view, 0)) : encodeReport(readReport(view, 0))
  if (isHandshake) return encodeMasterHandshake(readMasterHandshake(view, 0))
  const header = { phyOffset: 0, epoch: 0, epochStartOffset: 0, confirmOffset: 0 }
  readTransferHeader(view, 0, header)
  const again = Buffer.from(bytes)
  again.fill(0xaa, 0, TRANSFER_HEADER_BYTES)
  writeTransferHeader(viewOf(again), 0, header, view.getInt32(4))
  return again
}

test('what official brokers say is understood, and said the same way', () => {
  const said = connections.map(({ scenario, frames }) => `${scenario}: ${frames.slice(0, 5).map(text).join(' / ')}`)
  expect(said).toEqual([
    'fresh: broker 2 / log ends at 0, last epoch 1 of 1-0 / report 0 / 0 bytes at -1 of 1-0, confirmed 0 / ' +
      '245 bytes at 0 of 1-0, confirmed 0',
    'truncation: broker 1 / log ends at 1755, last epoch 5 of 1-0 5-735 / report 735 / ' +
      '0 bytes at 735 of 5-735, confirmed 1755 / 1020 bytes at 735 of 5-735, confirmed 1755',
    'going on in the middle of an epoch: broker 1 / log ends at 2460, last epoch 5 of 1-0 5-735 / report 1990 / ' +
      '0 bytes at 1990 of 5-735, confirmed 2460 / 470 bytes at 1990 of 5-735, confirmed 2460',
    'syncFromLastFile and asyncLearner: broker 3 syncFromLastFile asyncLearner / ' +
      'log ends at 101061, last epoch 5 of 1-0 5-735 / report 0 / 0 bytes at 65536 of 5-735, confirmed 101061 / ' +
      '32768 bytes at 65536 of 5-735, confirmed 101061',
  ])
  let count = 0
  for (const { frames } of connections) {
    for (const frame of frames) {
      text(frame)
      expect(encodedAgain(frame).toString('hex')).toBe(frame.hex)
      count++
    }
  }
  expect(count).toBeGreaterThan(40)
})

test('epoch files of official brokers are read, and written the same way', () => {
  const texts = golden('facts.jsonl').map((fact: { text: string }) => fact.text)
  expect(texts.length).toBe(4)
  for (const fileText of texts) expect(encodeEpochs(decodeEpochs(Buffer.from(fileText))).toString()).toBe(fileText)
})

test('no bytes, whole or cut anywhere, do more than end a connection', () => {
  const bytesOf = (from: string) =>
    Buffer.concat(
      connections.flatMap(({ frames }) =>
        frames
          .filter((frame) => frame.from === from && frame.bodyBytes === undefined)
          .map(({ hex }) => Buffer.from(hex, 'hex')),
      ),
    )
  const header = { phyOffset: 0, epoch: 0, epochStartOffset: 0, confirmOffset: 0 }
  for (const from of ['slave', 'master'] as const) {
    const sound = bytesOf(from)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.nat(sound.length),
        (changes, length) => {
          const bytes = Buffer.from(sound.subarray(0, length))
          for (const [at, byte] of changes) if (at < length) bytes[at] = byte
          let takenBytes = 0
          const take = (_: Buffer, view: DataView, at: number, sizeBytes: number) => {
            takenBytes += sizeBytes
            const isHandshake = view.getInt32(at) === State.handshake
            if (from === 'slave' && isHandshake) readSlaveHandshake(view, at)
            else if (from === 'slave') readReport(view, at)
            else if (isHandshake) expect(readMasterHandshake(view, at).epochs).toBeInstanceOf(EpochHistory)
            else readTransferHeader(view, at, header)
          }
          const stream = new FrameStream({ frameSize: from === 'slave' ? slaveFrameSize : masterFrameSize, take }, 512)
          try {
            for (let at = 0; at < bytes.length; ) {
              const buffer = stream.readBuffer()
              const count = Math.min(buffer.length, bytes.length - at)
              expect(count).toBeGreaterThan(0)
              buffer.set(bytes.subarray(at, at + count))
              stream.received(count)
              at += count
            }
          } catch (error) {
            if (!/^(Range)?Error: (the (peer|master|slave)|int64|epoch)/.test(String(error))) throw error
            return
          }
          expect(takenBytes).toBeLessThanOrEqual(bytes.length)
        },
      ),
      { numRuns: 1500 },
    )
  }
})
