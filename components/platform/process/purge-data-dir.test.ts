import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { planCluster } from '../../plan/plan.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { createDataDir, writePlan, writeState } from './cluster-state.ts'
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

it("leaves what is not the cluster's", () => {
  writeFileSync(join(dataDir, 'thesis.txt'), 'years of work')
  expect(purgeDataDir(dataDir)).toEqual(['thesis.txt'])
  expect(readdirSync(dataDir)).toEqual(['thesis.txt'])
})
