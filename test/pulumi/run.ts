/*
 * Provisions real clusters of this repository's engine by the real Pulumi program and providers:
 *
 *   node test/pulumi/run.ts [words of a scenario's name] [--without a word of it] [--ci] [--again]
 *
 * With --ci some are left out that differ little from others. With --again scenarios that fail are run once more, when all have
 * been run. With `pulumi` on PATH through the CLI, otherwise through the engine in test/pulumi/engine. Ends with `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PrivateEngine } from '../docker/private-engine.ts'
import { freeBasePort } from '../e2e/gantry-command.ts'
import { DockerLab } from './docker-lab.ts'
import { dockerScenarios } from './docker-scenarios.ts'
import { dockerSecurityScenarios } from './docker-security-scenarios.ts'
import type { Engine } from './engine/engine.ts'
import { PulumiCli } from './engine/pulumi-cli.ts'
import { SmallEngine } from './engine/small-engine.ts'
import { growthScenario } from './growth-scenario.ts'
import { killProcessesBelow } from './left-processes.ts'
import { officialRolloutScenarios } from './official-rollout-scenarios.ts'
import { otherEngineScenario } from './other-engine-scenario.ts'
import { packageScenarios } from './package-scenarios.ts'
import { rolloutScenarios } from './rollout-scenarios.ts'
import { Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'
import { scenarios } from './scenarios.ts'
import { TestProject } from './test-project.ts'
import { topologyScenarios } from './topology-scenarios.ts'

/** Two groups of three replicas: the last one's ports are 8,035 above the base. */
const brokerSteps = 8

/** The version of the CLI; undefined when there is none. */
function cliVersion(): string | undefined {
  const { status, stdout } = spawnSync('pulumi', ['version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** Under test now. */
let running: TestProject | undefined

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    if (running === undefined) return
    killProcessesBelow(running.root)
    running.remove()
  })
}
PrivateEngine.stopOnSignals()
const version = cliVersion()

function hasDockerPlugin(): boolean {
  const { stdout } = spawnSync('pulumi', ['plugin', 'ls'], { encoding: 'utf8' })
  return /^docker\s+resource/m.test(stdout)
}

function engineFor({ root, stack, statePath }: TestProject): Engine {
  return version === undefined ? new SmallEngine(root, stack, statePath) : new PulumiCli(version, root, stack, root)
}

/** Opened by the first scenario that needs one. */
let lab: DockerLab | undefined

async function openLab(): Promise<DockerLab> {
  lab ??= await DockerLab.open()
  // Where programs and providers find it.
  process.env['DOCKER_HOST'] = lab.host
  return lab
}

async function runScenario(entry: ScenarioEntry): Promise<void> {
  const host = entry.needsDocker ? await openLab() : undefined
  if (entry.isWithoutJava !== true) await host?.prepareJava()
  const project = new TestProject(entry.program, entry.stack)
  running = project
  const dataDir = join(project.dataDir, entry.dataDir ?? '.')
  const scenario = new Scenario(project, engineFor(project), dataDir, host)
  entry.configure(scenario, await freeBasePort(brokerSteps))
  try {
    await entry.run(scenario)
  } finally {
    // What a failed test left running.
    const left = await scenario.attempt('destroy')
    if (!left.ok) process.stdout.write(`   cleaning up failed: ${left.errors.join('; ')}\n`)
    project.remove()
    await host?.clear()
  }
}

const { positionals: words, values } = parseArgs({
  allowPositionals: true,
  options: {
    without: { type: 'string' },
    ci: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
  },
})

/** Why a scenario that was asked for is not run here. */
function reasonAgainst(entry: ScenarioEntry): string | undefined {
  if (values.ci && entry.isBeyondCi === true) return '--ci'
  if (version === undefined) return undefined
  if (entry.needsInterrupts) return 'the CLI cannot be cut short at an operation'
  if (entry.needsDocker && !hasDockerPlugin())
    return 'pulumi has no docker plugin: pulumi plugin install resource docker'
  return entry.needsStandIns ? "the CLI's provider would go to AWS itself" : undefined
}

/** Whether it passed. */
async function isDone(entry: ScenarioEntry): Promise<boolean> {
  const startMs = performance.now()
  const took = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`
  try {
    await runScenario(entry)
    process.stdout.write(`ok   ${entry.name} (${took()})\n`)
    return true
  } catch (error) {
    process.stdout.write(`FAIL ${entry.name} (${took()})\n${error instanceof Error ? error.stack : error}\n`)
    return false
  }
}

/** Returns those that failed. */
async function runAll(entries: readonly ScenarioEntry[]): Promise<ScenarioEntry[]> {
  const failed: ScenarioEntry[] = []
  for (const entry of entries) {
    const reason = reasonAgainst(entry)
    if (reason !== undefined) process.stdout.write(`left out: ${entry.name} (${reason})\n`)
    else if (await isDone(entry)) passed++
    else failed.push(entry)
  }
  return failed
}

let passed = 0
process.stdout.write(
  `engine: ${version === undefined ? 'test/pulumi/engine, no pulumi on PATH' : `pulumi ${version}`}\n`,
)
const wanted = [
  ...[...scenarios, growthScenario, ...rolloutScenarios, ...packageScenarios, ...topologyScenarios],
  ...[...dockerScenarios, otherEngineScenario, ...dockerSecurityScenarios, ...officialRolloutScenarios],
].filter(({ name }) => {
  return words.every((word) => name.includes(word)) && !(values.without !== undefined && name.includes(values.without))
})
let failed = await runAll(wanted)
if (failed.length > 0 && values.again) {
  process.stdout.write(`=== second attempt: ${failed.map(({ name }) => name).join('; ')}\n`)
  failed = await runAll(failed)
}
await lab?.close()
process.stdout.write(`${passed} passed, ${failed.length} failed\n`)
process.exit(failed.length === 0 && passed > 0 ? 0 : 1)
