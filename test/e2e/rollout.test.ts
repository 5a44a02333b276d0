import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { ClusterStatus } from '../../cli/cluster-status.ts'
import type { LoggedRolloutEvent } from '../../components/platform/process/rollout/rollout-event.ts'
import { freeBasePort, GantryCommand, runGantry } from './gantry-command.ts'

// Real brokers start and restart here: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const basePort = await freeBasePort(4)
const port = ['--base-port', String(basePort)]
let folder = ''

/** @param settings of the brokers of the first group; `more`: further groups */
function writeStack(settings: string, more = ''): void {
  const text = `
config:
  gantry:cluster:
    name: Test
    groups:
      - name: broker-a
        replicas: 2
        config: {${settings}}
${more}
    topics: [{ name: orders, queues: 2 }]
`
  writeFileSync(join(folder, 'Pulumi.small.yaml'), text)
}

const up = (...more: string[]) => runGantry(['up', './Pulumi.small.yaml', ...port, '--detach', ...more], folder)

async function status(): Promise<ClusterStatus> {
  const { stdout } = await runGantry(['status', '--json'], folder)
  return (JSON.parse(stdout) as { clusters: ClusterStatus[] }).clusters[0]!
}

const pids = async () => (await status()).nodes.map(({ node, pid }) => `${node} ${pid}`)
const conf = (node: string) => readFileSync(join(folder, '.gantry/small', node, 'broker.conf'), 'utf8')
const events = () =>
  readFileSync(join(folder, '.gantry/small/rollout-events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LoggedRolloutEvent)

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-rollout-'))
  writeStack('fileReservedTime: 48')
  expect(await up()).toMatchObject({ exitCode: 0, stderr: '' })
})

afterEach(async () => {
  await runGantry(['down', './Pulumi.small.yaml'], folder)
  rmSync(folder, { recursive: true, force: true })
})

it('a changed stack is shown and carried out; what cannot be is refused with nothing touched', async () => {
  const before = await pids()
  writeStack('fileReservedTime: 24', '      - name: broker-b')
  const shown = await runGantry(['plan', 'diff', './Pulumi.small.yaml', ...port], folder)
  expect(shown).toMatchObject({ exitCode: 0, stderr: '' })
  expect(shown.stdout).toContain('create topics and consumer groups in broker-b')
  expect(await pids()).toEqual(before)

  const changed = await up()
  expect(changed).toMatchObject({ exitCode: 0, stderr: '' })
  for (const line of ['[1/', 'rollout done after', 'STEP', 'seed:broker-b']) expect(changed.stdout).toContain(line)
  // Its brokers took the setting while they ran.
  expect((await pids()).slice(0, before.length)).toEqual(expect.arrayContaining([before[0], before[1]]))
  expect(conf('broker-a-0')).toContain('fileReservedTime=24')
  expect(events().map(({ type }) => type)).toEqual(expect.arrayContaining(['planned', 'step', 'stepDone', 'done']))

  const touched = await pids()
  writeStack('fileReservedTime: 24, mappedFileSizeCommitLog: 1048576', '      - name: broker-b')
  const refused = await up()
  expect(refused).toMatchObject({ exitCode: 1, stderr: 'gantry: the rollout is refused, see above\n' })
  expect(refused.stdout).toContain('mappedFileSizeCommitLog would not fit')
  expect(await pids()).toEqual(touched)
})

it('a second rollout is refused; one whose supervisor was killed goes on with the nodes that still run', async () => {
  const { supervisorPid = 0, nodes } = await status()
  writeStack('fileReservedTime: 48, messageIndexEnable: false')
  const first = new GantryCommand(['up', './Pulumi.small.yaml', ...port, '--detach'], folder)
  await first.printed('[1/')
  // It is a matter of a second or two otherwise, which the second one may take to start.
  process.kill(supervisorPid, 'SIGSTOP')
  const second = await up()
  expect(second.exitCode).toBe(1)
  expect(second.stderr).toContain(`carried out by the supervisor with pid ${supervisorPid}`)
  process.kill(supervisorPid, 'SIGKILL')
  expect(await first.ended()).toBe(1)
  expect(first.stderr).toContain('"gantry up" with the same stack goes on')
  expect((await status()).rollout).toMatchObject({ state: 'cut off', last: expect.stringMatching(/./) })

  const again = await up()
  expect(again).toMatchObject({ exitCode: 0, stderr: '' })
  expect(again.stdout).toContain('The last rollout was cut off: the cluster goes on from there.')
  for (const node of ['broker-a-0', 'broker-a-1']) expect(conf(node)).toContain('messageIndexEnable=false')
  const after = await status()
  expect(after.rollout).toBeUndefined()
  expect(after.nodes.every(({ phase }) => phase === 'healthy')).toBe(true)
  const nameServer = (list: ClusterStatus['nodes']) => list.find(({ node }) => node === 'namesrv-0')!.pid
  expect(nameServer(after.nodes)).toBe(nameServer(nodes))
})
