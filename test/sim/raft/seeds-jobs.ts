import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { PlantedBug } from './planted-bugs.ts'
import type { SeedsRun } from './run-seeds.ts'

export interface SeedsJob {
  readonly first: number
  readonly count: number
  readonly stopAtFailure: boolean
  /** In the code of this process only. */
  readonly bug?: PlantedBug | undefined
}

/** Far above what the slowest job takes; a planted bug may also make an endless loop. */
const JOB_TIMEOUT_MS = 300_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

const HERE = fileURLToPath(new URL('.', import.meta.url))

/** @throws when the process ends otherwise than with a result: it crashed, or took too long. */
export async function runJob({ first, count, stopAtFailure, bug }: SeedsJob): Promise<SeedsRun> {
  const plant = bug === undefined ? [] : ['--import', `${HERE}plant.ts`]
  const args = [...plant, `${HERE}seeds-process.ts`, String(first), String(count), stopAtFailure ? 'stop' : 'go-on']
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...(bug && { PLANTED_BUG: bug.name }) },
    timeout: JOB_TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
}

/** Runs them side by side, so many at a time; each is told of when it ends. Results are in the order of the jobs. */
export async function runJobs<Job, Result>(
  jobs: readonly Job[],
  atOnce: number,
  run: (job: Job) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < jobs.length) {
      const at = next++
      results[at] = await run(jobs[at]!)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}
