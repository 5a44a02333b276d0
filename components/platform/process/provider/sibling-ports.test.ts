import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PortsTakenError } from '../port-check.ts'
import { ownProcess } from '../process-identity.ts'
import { writeProcessRecord } from './process-record.ts'
import { untilPortsFree } from './sibling-ports.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-siblings-'))
  mkdirSync(join(root, 'broker-b-1'))
  writeFileSync(join(root, 'broker-b-1/broker.conf'), 'brokerName=broker-b\nlistenPort=13911\n')
})
afterEach(() => rmSync(root, { recursive: true }))

const clash = (port: number) =>
  new PortsTakenError([{ nodeId: 'broker-a-2', address: '127.0.0.1', port, purpose: 'listenPort', reason: 'in use' }])

/** Checks that fail so many times, and how often was waited. */
function world(port: number, failures: number, pausesMax = 10) {
  let checks = 0
  let pauses = 0
  const check = async () => {
    if (checks++ < failures) throw clash(port)
  }
  const pause = async () => ++pauses <= pausesMax
  return { run: () => untilPortsFree(join(root, 'broker-a-2'), check, pause), pauses: () => pauses }
}

it('waits while a node of the same cluster has the port', async () => {
  writeProcessRecord(join(root, 'broker-b-1'), { process: ownProcess(), launch: '' })
  for (const port of [13909, 13911, 13912]) {
    const { run, pauses } = world(port, 3)
    await run()
    expect(pauses()).toBe(3)
  }
})

it('does not wait for a stranger, nor for a node that does not run', async () => {
  const idle = world(13911, 1)
  await expect(idle.run()).rejects.toThrow('port 13911 of broker-a-2')
  writeProcessRecord(join(root, 'broker-b-1'), { process: ownProcess(), launch: '' })
  const stranger = world(13913, 1)
  await expect(stranger.run()).rejects.toThrow('port 13913 of broker-a-2')
  expect([idle.pauses(), stranger.pauses()]).toEqual([0, 0])
})

it('gives up when it has been long enough', async () => {
  writeProcessRecord(join(root, 'broker-b-1'), { process: ownProcess(), launch: '' })
  await expect(world(13911, 100, 2).run()).rejects.toThrow(PortsTakenError)
})
