import { expect, test } from 'vitest'
import { ManualClock } from '../../test/sim/manual-clock.ts'
import type { Logger } from '../observe/logger.ts'
import { RefusalLog } from './refusal-log.ts'

test('ten lines in a second, then the number of those that are not listed', () => {
  const lines: [object, string][] = []
  const clock = new ManualClock(0)
  const logger = { warn: (fields: object, text: string) => lines.push([fields, text]) } as unknown as Logger
  const log = new RefusalLog(clock, logger)
  const refuse = () =>
    log.refused({ username: 'alice', reason: 'no matched policies', remark: '' }, 'SEND_MESSAGE_V2', '10.0.0.1:4711')
  for (let i = 0; i < 25; i++) refuse()
  expect(lines.length).toBe(10)
  const fields = { user: 'alice', request: 'SEND_MESSAGE_V2', peer: '10.0.0.1:4711', reason: 'no matched policies' }
  expect(lines[0]).toEqual([fields, 'request refused'])
  clock.advance(1_000)
  refuse()
  expect(lines.slice(10)).toEqual([
    [{ refused: 15 }, 'more requests were refused than are listed'],
    [fields, 'request refused'],
  ])
})
