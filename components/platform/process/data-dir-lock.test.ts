import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dataDirFiles } from './cluster-state.ts'
import { DataDirInUseError, lockDataDir, lockHolder } from './data-dir-lock.ts'
import { ownProcess } from './process-identity.ts'

let dataDir = ''

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gantry-lock-'))
})

afterEach(() => rmSync(dataDir, { recursive: true }))

it('lets one in at a time', () => {
  const lock = lockDataDir(dataDir)
  expect(lockHolder(dataDir)).toEqual(ownProcess())
  expect(() => lockDataDir(dataDir)).toThrow(DataDirInUseError)
  expect(() => lockDataDir(dataDir)).toThrow(`in use by the supervisor with pid ${process.pid}`)
  lock.release()
  expect(lockHolder(dataDir)).toBeUndefined()
  lockDataDir(dataDir).release()
  expect(readdirSync(dataDir)).toEqual([])
})

it('takes over from an owner that is gone, even if its pid is in use again', () => {
  const { lock } = dataDirFiles(dataDir)
  writeFileSync(lock, JSON.stringify({ pid: process.pid, identity: 'earlier boot:1' }))
  expect(lockHolder(dataDir)).toBeUndefined()
  const taken = lockDataDir(dataDir)
  expect(lockHolder(dataDir)).toEqual(ownProcess())
  taken.release()
  expect(existsSync(lock)).toBe(false)
})
