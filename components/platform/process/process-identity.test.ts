import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { identityOf, isRunning, ownProcess, startTicksOf } from './process-identity.ts'

it('reads the start time after a command with blanks and parentheses', () => {
  const line = '42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 11 0 98765 22000 100'
  expect(startTicksOf(line)).toBe('98765')
})

it('takes a zombie for gone', () => {
  expect(startTicksOf('42 (node) Z 1 42 42 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 98765 0 0')).toBeUndefined()
})

it('waits for the last thread: until then ports may still be held', () => {
  expect(startTicksOf('42 (node) Z 1 42 42 0 -1 0 0 0 0 0 0 0 0 0 20 0 3 0 98765 0 0')).toBe('98765')
})

it('knows itself, and not a process that started at another time', () => {
  const own = ownProcess()
  expect(isRunning(own)).toBe(true)
  expect(isRunning({ ...own, identity: `${own.identity}0` })).toBe(false)
})

it('forgets a process that has ended', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  const pid = child.pid ?? 0
  const identity = identityOf(pid)
  expect(identity).toBeTypeOf('string')
  child.stdin.end()
  await once(child, 'exit')
  expect(identityOf(pid)).toBeUndefined()
})
