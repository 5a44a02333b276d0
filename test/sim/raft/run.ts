import { parseArgs } from 'node:util'
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts'
import type { SeedsRun } from './run-seeds.ts'
import { runJob, runJobs } from './seeds-jobs.ts'

/*
 * npm run sim:raft -- [--first 1] [--seeds 300] [--processes 2] [--story] [--planted all|none|only|NAME] [--list]
 *
 * Lives of Raft groups, one per seed, and the mistakes of planted-bugs.ts, each of which must be caught within its number of
 * seeds. --planted only: without seeds of the code as it is. Ends with `N passed, N failed`, and with 1 if anything failed.
 */
const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '300' },
    processes: { type: 'string', default: '2' },
    story: { type: 'boolean', default: false },
    planted: { type: 'string', default: 'all' },
    list: { type: 'boolean', default: false },
  },
})

const SEEDS_PER_JOB = 50

function wholeNumber(name: 'first' | 'seeds' | 'processes', least: number): number {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= least) return number
  throw new Error(`--${name} is "${values[name]}"; it must be a whole number from ${least} on`)
}

function chosenBugs(): readonly PlantedBug[] {
  const { planted } = values
  if (planted === 'none') return []
  if (planted === 'all' || planted === 'only') return PLANTED_BUGS
  const bug = PLANTED_BUGS.find(({ name }) => name === planted)
  if (bug !== undefined) return [bug]
  throw new Error(`--planted is "${planted}"; it must be all, none, only, or a name that --list prints`)
}

async function checkSeeds(first: number, count: number, processes: number): Promise<number> {
  const starts = Array.from({ length: Math.ceil(count / SEEDS_PER_JOB) }, (_, i) => first + i * SEEDS_PER_JOB)
  const runs = await runJobs(starts, processes, async (start) => {
    const run = await runJob({
      first: start,
      count: Math.min(SEEDS_PER_JOB, first + count - start),
      stopAtFailure: false,
    })
    for (const { seed, message } of run.failures)
      console.log(`${message}\n  again: npm run sim:raft -- --planted none --first ${seed} --seeds 1 --story`)
    return run
  })
  const failures = runs.flatMap((run) => run.failures)
  const answered = runs.reduce((sum, run) => sum + run.answered, 0)
  console.log(`seeds ${first} to ${first + count - 1}: ${failures.length} failed, ${answered} requests answered`)
  if (count === 1) console.log(`digest ${runs[0]!.digest}`)
  if (values.story && failures[0]) console.log(failures[0].story)
  return failures.length
}

/** Whether it is caught. A process that dies of it has not been caught by a check. */
async function isCaught(bug: PlantedBug): Promise<boolean> {
  let run: SeedsRun
  try {
    run = await runJob({ first: 1, count: bug.seeds, stopAtFailure: true, bug })
  } catch (error) {
    console.log(`planted, NOT CAUGHT: ${bug.name}: ${(error as Error).message}`)
    return false
  }
  const [failure] = run.failures
  if (failure === undefined) console.log(`planted, NOT CAUGHT in ${bug.seeds} seeds: ${bug.name}`)
  else console.log(`planted, caught by seed ${failure.seed} of ${bug.seeds}: ${bug.name}\n    ${failure.message}`)
  if (values.story && failure) console.log(failure.story)
  return failure !== undefined
}

if (values.list) for (const { name, file, seeds } of PLANTED_BUGS) console.log(`${name} (${file}, ${seeds} seeds)`)
else {
  const seeds = values.planted === 'only' ? 0 : wholeNumber('seeds', 0)
  const processes = wholeNumber('processes', 1)
  const failedSeeds = seeds === 0 ? 0 : await checkSeeds(wholeNumber('first', 1), seeds, processes)
  const caught = await runJobs(chosenBugs(), processes, isCaught)
  const missed = caught.filter((one) => !one).length
  console.log(`${seeds - failedSeeds + caught.length - missed} passed, ${failedSeeds + missed} failed`)
  process.exitCode = failedSeeds + missed > 0 ? 1 : 0
}
