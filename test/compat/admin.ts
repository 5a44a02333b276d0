import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { changeSteps, connectedSteps, normalise, readSteps, type Step, setUpSteps } from './admin-steps.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import type { Engine } from './server.ts'
import type { Setting } from './setting.ts'

type Command = Extract<Step, { kind: 'command' }>
type Side = { cluster: Cluster; offsetId: string; uniqueKey: string }

const commandLimitMs = 120_000

/** The official mqadmin on the engine under test and on Apache in the same state, and the project's mqadmin on Apache. */
export async function adminCommands(setting: Setting): Promise<void> {
  const tested = await open(setting, 'admin-tested', setting.engine)
  const reference = await open(setting, 'admin-reference', 'apache')
  const area = 'official mqadmin on our cluster, as on Apache'
  try {
    for (const step of setUpSteps) await both(setting, area, step, tested, reference)
    for (const side of [tested, reference]) await findIds(setting, side)
    for (const step of readSteps) await both(setting, area, step, tested, reference)
    await ourMqadmin(setting, reference)
    await whileConnected(setting, area, tested, reference)
    for (const step of changeSteps) await both(setting, area, step, tested, reference)
  } finally {
    await tested.cluster.stop()
    await reference.cluster.stop()
  }
}

async function open(setting: Setting, name: string, engine: Engine): Promise<Side> {
  const cluster = await layOutCluster({
    name,
    dir: setting.dir,
    namesrvEngine: engine,
    brokers: [
      { group: 'broker-a', id: 0, engine },
      { group: 'broker-a', id: 1, engine },
    ],
  })
  await cluster.start()
  return { cluster, offsetId: '', uniqueKey: '' }
}

/** Ids for the query commands: of the first message of queue 1. */
async function findIds(setting: Setting, side: Side): Promise<void> {
  const command = 'queryMsgByOffset -t admin-topic -b broker-a -i 1 -o 0'
  const text = await setting.driver.mqadmin(...command.split(' '), '-n', side.cluster.namesrv.address)
  side.offsetId = /OffsetID: +(\S+)/.exec(text)?.[1] ?? ''
  side.uniqueKey = /UNIQ_KEY=(\w+)/.exec(text)?.[1] ?? ''
  await side.cluster.awaitInSync()
}

function fill(step: Command, side: Side): string[] {
  const words = step.command
    .replace('{master}', side.cluster.broker('broker-a').address)
    .replace('{slave}', side.cluster.broker('broker-a', 1).address)
    .replace('{offsetId}', side.offsetId)
    .replace('{uniqueKey}', side.uniqueKey)
    .split(' ')
  return [...words, '-n', side.cluster.namesrv.address]
}

/** Takes both clusters through a step and compares what they say. */
async function both(setting: Setting, area: string, step: Step, tested: Side, reference: Side): Promise<void> {
  const name = step.kind === 'command' ? step.command : `${step.name} ${step.args['group']}`
  await setting.report.attempt(area, name, async () => {
    if (step.kind === 'scenario') {
      for (const side of [tested, reference]) {
        const row = await setting.driver.run(step.name, { namesrv: side.cluster.namesrv.address, ...step.args })
        if (!row.ok) throw new Error(`${side.cluster.name}: ${row.faults.join('; ')} ${JSON.stringify(row)}`)
      }
      return
    }
    const texts: string[] = []
    for (const side of [tested, reference]) {
      texts.push(normalise(await setting.driver.mqadmin(...fill(step, side)), side.cluster, step))
    }
    compare(setting, area, step, texts[0]!, texts[1]!)
  })
}

function compare(setting: Setting, area: string, step: Command, tested: string, reference: string): void {
  if (step.expect && !step.expect.test(reference)) {
    setting.report.check(
      area,
      step.command,
      false,
      `Apache itself does not answer ${step.expect}:\n${reference.slice(0, 1500)}`,
    )
    return
  }
  setting.report.check(area, step.command, tested === reference, difference(tested, reference))
}

/** The first lines that differ, tested before reference. */
function difference(tested: string, reference: string): string {
  const ours = tested.split('\n')
  const theirs = reference.split('\n')
  const lines: string[] = []
  for (let i = 0; i < Math.max(ours.length, theirs.length) && lines.length < 16; i++) {
    if (ours[i] !== theirs[i])
      lines.push(`  ${i + 1} tested: ${ours[i] ?? '(nothing)'}`, `  ${i + 1} Apache: ${theirs[i] ?? '(nothing)'}`)
  }
  return `${lines.length / 2} of ${theirs.length} lines differ\n${lines.join('\n')}`
}

async function whileConnected(setting: Setting, area: string, tested: Side, reference: Side): Promise<void> {
  const args = { topic: 'admin-topic', group: 'admin-held' }
  const held = [tested, reference].map((side) =>
    setting.driver.start('hold', { namesrv: side.cluster.namesrv.address, ...args }),
  )
  for (const scenario of held) await scenario.awaitEvent('held')
  for (const step of connectedSteps) await both(setting, area, step, tested, reference)
  for (const scenario of held) {
    scenario.signal('release')
    await scenario.result
  }
}

/** The project's mqadmin must print on an Apache cluster what the official one prints. */
async function ourMqadmin(setting: Setting, reference: Side): Promise<void> {
  const area = 'our mqadmin on an Apache cluster, as the official one'
  const apache = setting.engine === 'apache'
  const program = join(import.meta.dirname, apache ? 'reference/mqadmin.sh' : '../../runtime/bin/mqadmin')
  if (!existsSync(program)) throw new Error(`${program} does not exist`)
  // With --engine apache the official program stands in for ours: a few commands prove the comparison.
  const steps = readSteps.filter((step): step is Command => step.kind === 'command').slice(0, apache ? 3 : undefined)
  for (const step of steps) {
    await setting.report.attempt(area, step.command, async () => {
      const args = fill(step, reference)
      const ours = normalise(await runProgram(program, args), reference.cluster, step)
      if (step.fails && !apache) {
        setting.report.check(area, step.command, /^mqadmin: \S/.test(ours), ours)
        return
      }
      const official = normalise(await setting.driver.mqadmin(...args), reference.cluster, step)
      compare(setting, area, step, ours, official)
    })
  }
}

function runProgram(program: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    // A command that fails may exit non-zero; what it printed is compared all the same.
    execFile(program, args, { timeout: commandLimitMs, maxBuffer: 8 << 20 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
}
