import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { planCluster } from '../../plan/plan.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { createDataDir, writePlan, writeState } from './cluster-state.ts'
import { runningNodes } from './leftover-nodes.ts'
import { isRunning } from './process-identity.ts'
import { processesByOption } from './process-search.ts'

/** A process that has some words in its command line. */
async function running(...words: string[]) {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")', '--', ...words], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  return {
    pid: child.pid,
    end: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

it('finds processes by an option, not those that only name the file, and none that has ended', async () => {
  const path = `/conf/of-${process.pid}.conf`
  const editor = await running('vi', path)
  expect(processesByOption(['-c'], new Set([path])).size).toBe(0)
  const node = await running('-c', path)
  const found = processesByOption(['-c'], new Set([path, '/conf/other.conf']))
  expect([...found].map(([value, { pid }]) => [value, pid])).toEqual([[path, node.pid]])
  expect(isRunning(found.get(path)!)).toBe(true)
  await node.end()
  await editor.end()
  expect(processesByOption(['-c'], new Set([path])).size).toBe(0)
})

it('a process that a supervisor started and was killed before it had noted it is found again', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'gantry-search-'))
  createDataDir(dataDir)
  const plan = planCluster(parseClusterConfig({ groups: [{ name: 'broker-a' }] }), { localDataDir: dataDir })
  writePlan(dataDir, plan)
  writeState(dataDir, { version: 1, supervisor: { pid: 1, identity: 'x' }, ready: false, nodes: [] })
  const broker = plan.nodes.find(({ kind }) => kind === 'broker')!
  const node = await running('-c', broker.confFile.path)
  const found = runningNodes(dataDir, { isRunning })
  expect([...found].map(([id, { pid }]) => [id, pid])).toEqual([[broker.id, node.pid]])
  await node.end()
  expect(runningNodes(dataDir, { isRunning }).size).toBe(0)
  rmSync(dataDir, { recursive: true })
})
