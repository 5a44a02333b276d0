import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ClusterStatus } from '../../cli/cluster-status.ts'
import { RemotingProbe } from '../../components/platform/health/cluster-probe.ts'
import { identityOf } from '../../components/platform/process/process-identity.ts'
import { freeBasePort, GantryCommand, runGantry } from './gantry-command.ts'

const basePort = await freeBasePort(4)

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-'))
})

afterEach(async () => {
  await runGantry(['down', '2m-2s-async'], folder)
  rmSync(folder, { recursive: true, force: true })
})

it('two masters and two slaves of the engine come up in sync, know each other and leave nothing on Ctrl-C', async () => {
  const up = new GantryCommand(['up', '2m-2s-async', '--base-port', String(basePort)], folder)
  await up.printed('Ctrl-C stops the cluster.')
  const { stdout } = await runGantry(['status', '--json'], folder)
  const status = (JSON.parse(stdout) as { clusters: ClusterStatus[] }).clusters[0]!
  expect(status.nodes.map(({ node, phase, restarts }) => `${node} ${phase} ${restarts}`)).toEqual([
    'namesrv-0 healthy 0',
    'namesrv-1 healthy 0',
    'broker-a-0 healthy 0',
    'broker-b-0 healthy 0',
    'broker-a-1 healthy 0',
    'broker-b-1 healthy 0',
    'proxy-0 healthy 0',
  ])

  const probe = new RemotingProbe()
  const broker = (step: number) => `127.0.0.1:${basePort + 1035 + 1000 * step}`
  const table = [...(await probe.brokerTable(`127.0.0.1:${basePort + 1}`))].map(([name, addresses]) => [
    name,
    [...addresses],
  ])
  probe.close()
  expect(Object.fromEntries(table)).toEqual({
    'broker-a': [
      [0, broker(0)],
      [1, broker(1)],
    ],
    'broker-b': [
      [0, broker(2)],
      [1, broker(3)],
    ],
  })

  up.child.kill('SIGINT')
  expect(await up.ended()).toBe(0)
  expect(up.stdout).not.toContain('killed')
  for (const { pid } of status.nodes) expect(identityOf(pid ?? 0)).toBeUndefined()
}, 120_000)
