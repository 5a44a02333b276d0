import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dataDirFiles } from '../cluster-state.ts'
import { describeRolloutEvent } from './rollout-event.ts'
import { lastRolloutEvent, logRolloutEvent, RolloutLogReader } from './rollout-log.ts'
import { putRequest, readRequest, removeRequest } from './rollout-request.ts'

let dataDir = ''
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gantry-rollout-log-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

it('gives the events of one rollout as they come, and no half ones', () => {
  const reader = new RolloutLogReader(dataDir, 'two')
  expect(reader.readNew()).toEqual([])
  expect(lastRolloutEvent(dataDir)).toBeUndefined()
  logRolloutEvent(dataDir, 'one', 1000, { type: 'done', tookMs: 5 })
  logRolloutEvent(dataDir, 'two', 2000, { type: 'waiting', id: 'restart:broker-ä', waitsFor: '4096 bytes behind' })
  const half = JSON.stringify({ timeMs: 3000, rollout: 'two', type: 'stepDone', id: 'restart:broker-ä', tookMs: 1234 })
  appendFileSync(dataDirFiles(dataDir).rolloutEvents, half.slice(0, 30))
  expect(reader.readNew().map(describeRolloutEvent)).toEqual(['  waits: 4096 bytes behind'])
  expect(reader.readNew()).toEqual([])
  expect(lastRolloutEvent(dataDir)).toMatchObject({ type: 'waiting', timeMs: 2000 })
  appendFileSync(dataDirFiles(dataDir).rolloutEvents, `${half.slice(30)}\n`)
  expect(reader.readNew().map(describeRolloutEvent)).toEqual(['  done after 1.2 s'])
  expect(lastRolloutEvent(dataDir)).toMatchObject({ type: 'stepDone', timeMs: 3000 })
})

it('a request that nobody is there to carry out gives way to the next one', () => {
  const plan = { cluster: 'c', nodes: [], startOrder: [], namesrvAddr: '', controllerAddr: '' } as const
  const wanted = { ...plan, topics: [], consumerGroups: [], warnings: [], programs: {} }
  const request = { wanted, allow: [], waitTimeoutMs: 1000 }
  putRequest(dataDir, { id: 'one', ...request })
  putRequest(dataDir, { id: 'two', ...request })
  expect(readRequest(dataDir)).toMatchObject({ id: 'two', askedBy: { pid: process.pid } })
  removeRequest(dataDir)
  expect(readRequest(dataDir)).toBeUndefined()
})
