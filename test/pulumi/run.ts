/*
 * Provisions real clusters of this repository's engine by the real Pulumi program and providers:
 *
 *   node test/pulumi/run.ts [words of a scenario's name]
 *
 * With `pulumi` on PATH through the CLI, otherwise through the engine in test/pulumi/engine. Ends with `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { freeBasePort } from '../e2e/gantry-command.ts'
import type { Engine } from './engine/engine.ts'
import { PulumiCli } from './engine/pulumi-cli.ts'
import { SmallEngine } from './engine/small-engine.ts'
import { Scenario } from './scenario.ts'
import { type ScenarioEntry, scenarios } from './scenarios.ts'
import { TestProject } from './test-project.ts'

const brokerSteps = 4

/** The version of the CLI; undefined when there is none. */
function cliVersion(): string | undefined {
  const { status, stdout } = spawnSync('pulumi', ['version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

const version = cliVersion()

function engineFor({ root, stack, statePath }: TestProject): Engine {
  return version === undefined ? new SmallEngine(root, stack, statePath) : new PulumiCli(version, root, stack, root)
}

async function runScenario(entry: ScenarioEntry): Promise<void> {
  const project = new TestProject(entry.program, entry.stack)
  const dataDir = join(project.dataDir, entry.dataDir ?? '.')
  const scenario = new Scenario(project, engineFor(project), dataDir)
  entry.configure(scenario, await freeBasePort(brokerSteps))
  try {
    await entry.run(scenario)
  } finally {
    // What a failed test left running.
    const left = await scenario.attempt('destroy')
    if (!left.ok) process.stdout.write(`   cleaning up failed: ${left.errors.join('; ')}\n`)
    project.remove()
  }
}

const words = process.argv.slice(2)
let passed = 0
let failed = 0
process.stdout.write(
  `engine: ${version === undefined ? 'test/pulumi/engine, no pulumi on PATH' : `pulumi ${version}`}\n`,
)
for (const entry of scenarios) {
  if (!words.every((word) => entry.name.includes(word))) continue
  if (entry.needsInterrupts && version !== undefined) {
    process.stdout.write(`left out: ${entry.name} (the CLI cannot be cut short at an operation)\n`)
    continue
  }
  const startMs = performance.now()
  const took = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`
  try {
    await runScenario(entry)
    passed++
    process.stdout.write(`ok   ${entry.name} (${took()})\n`)
  } catch (error) {
    failed++
    process.stdout.write(`FAIL ${entry.name} (${took()})\n${error instanceof Error ? error.stack : error}\n`)
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
