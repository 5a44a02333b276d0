import { parseArgs } from 'node:util'
import { runPlanted } from '../planted/run-planted.ts'
import { BrokenPromise, ClusterLife, FAULTS_MS } from '../scenarios/cluster-life.ts'
import { isScenario, SCENARIOS, type ScenarioName } from '../scenarios/shape.ts'
import { runInWorkers } from './seeds-in-workers.ts'

const USAGE = `usage: npm run sim -- [options]
 --scenario S   one of ${SCENARIOS.join(', ')}; all of them in turn without it
 --seed N       the first seed, 1 without it
 --seeds COUNT  how many seeds, each with one scenario; 20 without it, 1 with --seed
 --hours H      simulated hours of faults per seed; ${FAULTS_MS / 1000} seconds without it
 --until-failure  ends behind the first seed that fails
 --planted [NAME]  plants bugs in the code, one after the other, and sees which seed finds them; NAME: only those with it
 --workers N    processes that share the seeds, or the planted bugs; 1 without it, 2 for planted bugs
 --story LINES  how much is told of what led to a failure, 60 lines without it
`
const PROGRESS_EVERY_MS = 5000

interface CommandLine {
  readonly scenarios: readonly ScenarioName[]
  readonly first: number
  readonly count: number
  readonly faultsMs: number
  readonly untilFailure: boolean
  readonly storyLines: number
  readonly isPlanted: boolean
  readonly planted: string | undefined
  readonly workers: number | undefined
}

/** @throws Error naming the option, its value and what it has to be */
function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      planted: { type: 'boolean', default: false },
      workers: { type: 'string' },
      scenario: { type: 'string' },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      hours: { type: 'string' },
      story: { type: 'string' },
      'until-failure': { type: 'boolean', default: false },
    },
  })
  const { scenario, seed, seeds, hours, story } = values
  if (scenario !== undefined && !isScenario(scenario)) {
    throw new Error(`--scenario ${scenario}: has to be one of ${SCENARIOS.join(', ')}`)
  }
  return {
    scenarios: scenario === undefined ? SCENARIOS : [scenario as ScenarioName],
    first: seed === undefined ? 1 : wholeNumber('--seed', seed),
    count: seeds === undefined ? (seed === undefined ? 20 : 1) : wholeNumber('--seeds', seeds),
    faultsMs: hours === undefined ? FAULTS_MS : positive('--hours', hours) * 3_600_000,
    untilFailure: values['until-failure'],
    isPlanted: values.planted,
    planted: positionals.length === 0 ? undefined : positionals.join(' '),
    workers: values.workers === undefined ? undefined : positive('--workers', values.workers),
    storyLines: story === undefined ? 60 : wholeNumber('--story', story),
  }
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`${option} ${text}: has to be a whole number from 0 on`)
  return value
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${option} ${text}: has to be a number above 0`)
  return value
}

/** Returns the exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let line: CommandLine
  try {
    line = readCommandLine(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`)
    return 2
  }
  const failed = line.isPlanted ? await plant(line) : await runAll(line)
  return failed === 0 ? 0 : 1
}

async function plant({ workers, planted }: CommandLine): Promise<number> {
  const { caught, missed } = await runPlanted(workers ?? 2, planted)
  console.log(`${caught} passed, ${missed} failed`)
  return missed
}

async function runAll(line: CommandLine): Promise<number> {
  const { workers = 1, first, count, scenarios, faultsMs, storyLines } = line
  if (workers === 1) return runSeeds(line)
  const scenario = scenarios.length === 1 ? ['--scenario', scenarios[0]!] : []
  const hours = faultsMs === FAULTS_MS ? [] : ['--hours', String(faultsMs / 3_600_000)]
  const { passed, failed } = await runInWorkers(workers, first, count, [
    ...scenario,
    ...hours,
    ...['--story', String(storyLines)],
  ])
  console.log(`${passed} passed, ${failed} failed`)
  return failed
}

/** A seed goes with one scenario: the next seed with the next one. */
function scenarioOf(seed: number, scenarios: readonly ScenarioName[]): ScenarioName {
  return scenarios[seed % scenarios.length]!
}

async function runSeeds(line: CommandLine): Promise<number> {
  const startedMs = performance.now()
  let [passed, failed, acked, events, toldMs] = [0, 0, 0, 0, startedMs]
  for (let seed = line.first; seed < line.first + line.count; seed++) {
    const scenario = scenarioOf(seed, line.scenarios)
    try {
      const result = await new ClusterLife(scenario, seed, line.faultsMs, line.storyLines).run()
      passed++
      acked += result.acked
      events += result.events
      if (line.count === 1) console.log(`digest ${result.digest}, faults: ${faultsText(result.faults)}`)
    } catch (error) {
      if (!(error instanceof BrokenPromise)) throw error
      failed++
      tellFailure(error, scenario, seed, line)
      if (line.untilFailure) break
    }
    if (performance.now() - toldMs < PROGRESS_EVERY_MS) continue
    toldMs = performance.now()
    const perSeedMs = (toldMs - startedMs) / (passed + failed)
    console.log(`${passed + failed} of ${line.count} seeds, ${failed} failed, ${perSeedMs.toFixed(0)} ms each`)
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`${acked} messages acknowledged, ${events} events, ${seconds} s`)
  console.log(`${passed} passed, ${failed} failed`)
  return failed
}

function faultsText(faults: ReadonlyMap<string, number>): string {
  return [...faults].map(([kind, count]) => `${count} ${kind}`).join(', ')
}

function tellFailure(error: BrokenPromise, scenario: ScenarioName, seed: number, line: CommandLine): void {
  const hours = line.faultsMs === FAULTS_MS ? '' : ` --hours ${line.faultsMs / 3_600_000}`
  console.log(`FAILED ${error.message}`)
  for (const text of error.story.slice(-line.storyLines)) console.log(`  ${text}`)
  if (line.storyLines > 60) console.log((error.cause as Error).stack, (error.cause as Error).cause)
  console.log(`replay: npm run sim -- --scenario ${scenario} --seed ${seed}${hours}`)
}
