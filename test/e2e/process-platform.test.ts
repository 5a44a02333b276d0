import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ClusterStatus } from '../../cli/cluster-status.ts'
import type { Plan } from '../../components/plan/plan.ts'
import { identityOf } from '../../components/platform/process/process-identity.ts'
import { freeBasePort, GantryCommand, isListening, runGantry } from './gantry-command.ts'

const stubEngine = fileURLToPath(new URL('./stub-engine', import.meta.url))

const basePort = await freeBasePort(2)
const master = `127.0.0.1:${basePort + 1035}`
const slave = `127.0.0.1:${basePort + 2035}`
const nameServers = [`127.0.0.1:${basePort}`, `127.0.0.1:${basePort + 1}`]
const stack = `
config:
  gantry:cluster:
    name: Test
    nameServers: 2
    groups:
      - name: broker-a
        replicas: 2
    topics:
      - name: orders
        queues: 4
`

// Dozens of processes start here: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-'))
  writeFileSync(join(folder, 'Pulumi.small.yaml'), stack)
})

afterEach(async () => {
  await runGantry(['down', './Pulumi.small.yaml'], folder)
  rmSync(folder, { recursive: true, force: true })
})

const upArgs = ['up', './Pulumi.small.yaml', '--base-port', String(basePort), '--runtime-bin', stubEngine]

async function status(): Promise<ClusterStatus> {
  const { stdout } = await runGantry(['status', '--json'], folder)
  const { clusters } = JSON.parse(stdout) as { clusters: ClusterStatus[] }
  return clusters[0]!
}

const pidOf = async (node: string) => (await status()).nodes.find((each) => each.node === node)?.pid ?? 0

describe('gantry up', () => {
  it('starts all, shows the table, restarts what dies and leaves nothing on Ctrl-C', async () => {
    const up = new GantryCommand(upArgs, folder)
    await up.printed('Ctrl-C stops the cluster.')
    const rows = up.stdout.split('\n').filter((line) => line.startsWith('Test '))
    expect(
      rows.map((row) => row.replace(/ +\d+(?=( +[\d.]+ +[\d.]+| +- +-) )/, ' PID').split(/ {2,}| (?=PID)/)),
    ).toEqual([
      ['Test', '-', '-', 'NAMESRV', nameServers[0], 'PID', '-', '-', '-', 'healthy'],
      ['Test', '-', '-', 'NAMESRV', nameServers[1], 'PID', '-', '-', '-', 'healthy'],
      ['Test', 'broker-a', '0', 'ASYNC_MASTER', master, 'PID', '1.5', '2.5', '-', 'healthy'],
      ['Test', 'broker-a', '1', 'SLAVE', slave, 'PID', '1.5', '2.5', '0 B', 'healthy'],
    ])
    expect(up.stdout).toContain(`export NAMESRV_ADDR='${nameServers.join(';')}'`)

    const before = await status()
    expect(before.nodes.map((node) => [node.node, node.restarts])).toEqual([
      ['namesrv-0', 0],
      ['namesrv-1', 0],
      ['broker-a-0', 0],
      ['broker-a-1', 0],
    ])
    const slavePid = before.nodes[3]?.pid ?? 0
    process.kill(slavePid, 'SIGKILL')
    await up.printed('broker-a-1 was ended by SIGKILL')
    await up.printed('broker-a-1 healthy', 2)
    const after = await status()
    expect(after.nodes[3]).toMatchObject({ phase: 'healthy', restarts: 1 })
    expect(after.nodes[3]?.pid).not.toBe(slavePid)

    up.child.kill('SIGINT')
    expect(await up.ended()).toBe(0)
    const order = [...up.stdout.matchAll(/(\S+) stopped/g)].map(([, node]) => node)
    expect(order.slice(0, 2)).toEqual(['broker-a-1', 'broker-a-0'])
    expect(order.slice(2).sort()).toEqual(['namesrv-0', 'namesrv-1'])
    for (const node of after.nodes) expect(identityOf(node.pid ?? 0)).toBeUndefined()
    expect(await isListening(basePort + 1035)).toBe(false)
  })

  it('names the port that is taken, before starting anything', async () => {
    const first = await runGantry([...upArgs, '--detach'], folder)
    expect(first).toMatchObject({ exitCode: 0, stderr: '' })
    const second = await runGantry([...upArgs, '--data-dir', join(folder, 'other')], folder)
    expect(second.exitCode).toBe(1)
    expect(second.stderr).toContain(`port ${basePort + 1035} of broker-a-0 (listenPort) on 127.0.0.1: already in use`)
    expect(second.stderr).toContain('--base-port')
    const beside = await runGantry(
      [...upArgs, '--base-port', String(basePort + 10), '--data-dir', 'other', '--detach'],
      folder,
    )
    expect(beside).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await runGantry(['down', '--data-dir', 'other'], folder)).exitCode).toBe(0)
    expect((await status()).nodes.every((node) => node.phase === 'healthy')).toBe(true)
  })
})

describe('gantry up --detach', () => {
  it('leaves it running; a second one with the same stack changes nothing; down stops it', async () => {
    const up = await runGantry([...upArgs, '--detach'], folder)
    expect(up).toMatchObject({ exitCode: 0, stderr: '' })
    expect(up.stdout).toContain(`NAMESRV_ADDR=${nameServers.join(';')}`)
    const running = await status()
    expect(running).toMatchObject({ cluster: 'Test', running: true, ready: true })
    expect(readFileSync(join(folder, '.gantry/small/logs/broker-a-0.log'), 'utf8')).toContain('topics orders')

    const again = await runGantry([...upArgs, '--detach'], folder)
    expect(again).toMatchObject({ exitCode: 0, stderr: '' })
    expect(again.stdout).toContain('Nothing to do: the cluster is as the config says.')
    expect((await status()).supervisorPid).toBe(running.supervisorPid)

    const logs = await runGantry(['logs', 'broker-a-1', '-n', '1'], folder)
    expect(logs.stdout).toBe(`{"level":"info","msg":"mqbroker listens on ${slave}"}\n`)
    const mistyped = await runGantry(['logs', 'broker-a'], folder)
    expect(mistyped).toMatchObject({ exitCode: 1, stdout: '' })
    expect(mistyped.stderr).toContain('Did you mean "broker-a-0"?')

    expect(await runGantry(['down'], folder)).toMatchObject({ exitCode: 0, stdout: 'Test in .gantry/small stopped\n' })
    for (const node of running.nodes) expect(identityOf(node.pid ?? 0)).toBeUndefined()
    expect(await runGantry(['status'], folder)).toMatchObject({
      exitCode: 1,
      stdout: 'Test in .gantry/small: not running\n',
    })
    expect((await runGantry(['down', '--purge'], folder)).exitCode).toBe(0)
    expect((await runGantry(['status'], folder)).stderr).toContain('no cluster was started from this folder')
  })

  it('finds and stops the nodes of a supervisor that was killed', async () => {
    await runGantry([...upArgs, '--detach'], folder)
    const { supervisorPid = 0, nodes } = await status()
    process.kill(supervisorPid, 'SIGKILL')
    await expect.poll(() => identityOf(supervisorPid)).toBeUndefined()
    const orphaned = await runGantry(['status'], folder)
    expect(orphaned.exitCode).toBe(1)
    expect(orphaned.stdout).toContain('its supervisor is gone, but 4 nodes still run')

    const up = await runGantry([...upArgs, '--detach'], folder)
    expect(up).toMatchObject({ exitCode: 0, stderr: '' })
    expect(up.stdout).toContain('broker-a-0 still runs from an earlier start')
    for (const node of nodes) expect(identityOf(node.pid ?? 0)).toBeUndefined()
    expect(await pidOf('broker-a-0')).toBeGreaterThan(0)
  })
})

describe('gantry plan and validate', () => {
  it('only read', async () => {
    const planned = await runGantry(['plan', './Pulumi.small.yaml', '--json'], folder)
    expect((JSON.parse(planned.stdout) as Plan).startOrder).toEqual([
      ['namesrv-0', 'namesrv-1'],
      ['broker-a-0'],
      ['broker-a-1'],
    ])
    const valid = await runGantry(['validate', './Pulumi.small.yaml'], folder)
    expect(valid.stdout).toBe('Pulumi.small.yaml is valid: cluster Test, 4 nodes\n')
    expect(readdirSync(folder)).toEqual(['Pulumi.small.yaml'])
  })

  it('say what is wrong and fail', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'config:\n  gantry:cluster:\n    group: []\n')
    const result = await runGantry(['validate', './bad.yaml'], folder)
    expect(result).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'gantry: bad.yaml has 2 mistakes:\n' +
        'line 3: gantry:cluster.groups: is missing\n    Give it a list.\n' +
        'line 3: gantry:cluster.group: is not a known key (found [])\n    Did you mean "groups"?\n',
    })
  })
})
