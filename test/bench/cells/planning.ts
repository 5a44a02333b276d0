import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { previewStack } from '../../../components/platform/aws/testing/stack-preview.ts'
import type { Bench, CellGroup } from '../bench.ts'

const repository = join(import.meta.dirname, '../../..')
const hostCount = 30
const groupCount = 100

/** 100 groups of three replicas over 30 hosts in three zones. */
function largeStack(): string {
  const hosts = Array.from({ length: hostCount }, (_, index) => {
    return { name: `host-${index}`, address: `10.0.0.${index + 1}`, zone: `zone-${index % 3}` }
  })
  const groups = Array.from({ length: groupCount }, (_, index) => ({ name: `broker-${index}`, replicas: 3 }))
  const cluster = { nameServers: 3, controllers: { mode: 'standalone' }, hosts, groups, antiAffinity: 'required' }
  return stringify({ config: { 'gantry:cluster': cluster } })
}

/** The whole command, from its start to its end. */
function planLarge(bench: Bench): number {
  const file = join(bench.dir, 'Pulumi.large.yaml')
  writeFileSync(file, largeStack())
  const startMs = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['cli/main.ts', 'plan', file, '--json'], {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const durationMs = performance.now() - startMs
  rmSync(file)
  if (status !== 0) throw new Error(`gantry plan ended with ${status}: ${stderr}`)
  return durationMs
}

export const planning: CellGroup = {
  cells: {
    'plan-300-brokers': '`gantry plan` of 100 groups of three replicas over 30 hosts, the whole command',
    'preview-aws-prod':
      'our own part of a preview of the stack aws-prod: the program with no engine and no AWS behind it',
  },
  run: async (bench) => {
    for (let round = 1; round <= bench.settings.rounds; round++) {
      await bench.measure('plan-300-brokers', 'gantry', round, async () => ({ durationMs: planLarge(bench) }))
      await bench.measure('preview-aws-prod', 'gantry', round, async () => {
        const startMs = performance.now()
        await previewStack('aws-prod')
        return { durationMs: performance.now() - startMs }
      })
    }
  },
}
