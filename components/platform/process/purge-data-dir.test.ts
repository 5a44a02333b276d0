import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { planCluster } from '../../plan/plan.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { createDataDir, formerFolders, writePlan, writeState } from './cluster-state.ts'
import { purgeDataDir } from './purge-data-dir.ts'

let root = ''
let dataDir = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-purge-'))
  dataDir = join(root, 'cluster')
  createDataDir(dataDir)
  const plan = planCluster(parseClusterConfig({ groups: [{ name: 'broker-a' }] }), { localDataDir: dataDir })
  for (const node of plan.nodes) {
    mkdirSync(node.dataDir)
    writeFileSync(node.confFile.path, node.confFile.text)
  }
  writePlan(dataDir, plan)
  writeState(dataDir, { version: 1, supervisor: { pid: 1, identity: 'x' }, ready: true, nodes: [] })
})

afterEach(() => rmSync(root, { recursive: true }))

it('removes nodes, logs and state, and the emptied folder', () => {
  expect(purgeDataDir(dataDir)).toEqual([])
  expect(existsSync(dataDir)).toBe(false)
})

it('removes what nodes left that rollouts have taken out, on other disks as well', () => {
  const groups = [{ name: 'broker-b' }]
  const moved = planCluster(parseClusterConfig({ groups }), { localDataDir: join(root, 'disk') })
  writePlan(dataDir, moved)
  const back = planCluster(parseClusterConfig({ groups }), { localDataDir: dataDir })
  for (const node of moved.nodes) mkdirSync(node.dataDir, { recursive: true })
  writePlan(dataDir, back)
  expect(formerFolders(dataDir)).toEqual([join(dataDir, 'broker-a-0'), ...moved.nodes.map((node) => node.dataDir)])
  expect(purgeDataDir(dataDir)).toEqual([])
  expect(readdirSync(root)).toEqual([])
})

it("leaves what is not the cluster's", () => {
  writeFileSync(join(dataDir, 'thesis.txt'), 'years of work')
  expect(purgeDataDir(dataDir)).toEqual(['thesis.txt'])
  expect(readdirSync(dataDir)).toEqual(['thesis.txt'])
})
