import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeCommand } from '../../codec/remoting/remoting-command.ts'
import { PullAnswer } from './pull-answer.ts'
import { PullTask } from './pull-task.ts'

const GOLDEN = new URL('../../../test/compat/golden/frames.jsonl', import.meta.url)

/** Lays the answer out as a connection's output would hold it. */
function laidOut(answer: PullAnswer, serializeType: 0 | 1, opaque: number): Buffer {
  const bytes = Buffer.alloc(1 << 20)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let length = 0
  const commit = (count: number) => {
    length = count
  }
  const task = new PullTask()
  task.serializeType = serializeType
  task.opaque = opaque
  task.channel = { out: { bytes, view, reserve: () => 0, commit } } as unknown as NonNullable<PullTask['channel']>
  answer.send(task)
  return bytes.subarray(0, length)
}

test('answers say the same as those recorded from an Apache broker', () => {
  const golden = readFileSync(GOLDEN, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((frame) => (frame.answers === 11 || frame.answers === 361) && 'nextBeginOffset' in frame.extFields)
  expect(new Set(golden.map(({ code }) => code))).toEqual(new Set([0, 19, 20, 21]))
  for (const { code, remark, extFields, hex, serialization, opaque } of golden) {
    const recorded = decodeCommand(Buffer.from(hex, 'hex'))
    const answer = new PullAnswer()
    answer.code = code
    answer.remark = remark
    answer.groupSysFlag = Number(extFields.groupSysFlag)
    answer.topicSysFlag = Number(extFields.topicSysFlag)
    answer.maxOffset = Number(extFields.maxOffset)
    answer.minOffset = Number(extFields.minOffset)
    answer.nextBeginOffset = Number(extFields.nextBeginOffset)
    answer.suggestWhichBrokerId = Number(extFields.suggestWhichBrokerId)
    if (recorded.body) answer.take(recorded.body, 0, recorded.body.length)
    expect(decodeCommand(laidOut(answer, serialization === 'JSON' ? 0 : 1, opaque))).toEqual(recorded)
  }
})

test('records of any size are gathered in order; nothing of the last answer is left', () => {
  const answer = new PullAnswer()
  answer.remark = 'FOUND'
  const records = [Buffer.alloc(70_000, 'a'), Buffer.alloc(3, 'b'), Buffer.alloc(200_000, 'c')]
  for (const record of records) answer.take(Buffer.concat([Buffer.alloc(5), record]), 5, record.length)
  expect(decodeCommand(laidOut(answer, 0, 1)).body!.equals(Buffer.concat(records))).toBe(true)
  answer.reset(undefined)
  expect(decodeCommand(laidOut(answer, 0, 2)).body).toBeUndefined()
})
