import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Seeds that one process runs before another takes over. A process needs some ten seeds until its code is fast. */
const BATCH_SEEDS_MAX = 250
/** At the end, that all workers stop at about the same time. */
const BATCH_SEEDS_MIN = 8
const PROGRESS_EVERY_MS = 15_000

interface Outcome {
  passed: number
  failed: number
}

/**
 * Runs seeds in several processes; what they say of failures is passed on. `args`: further options for each of them.
 * @throws Error when a process ends without saying how many of its seeds passed
 */
export async function runInWorkers(
  workers: number,
  first: number,
  count: number,
  args: readonly string[],
): Promise<Outcome> {
  const total: Outcome = { passed: 0, failed: 0 }
  const startedMs = performance.now()
  let toldMs = startedMs
  let next = first
  const work = async (): Promise<void> => {
    while (next < first + count) {
      const from = next
      next = from + batchSize(first + count - from, workers)
      const { passed, failed } = await runBatch(from, next - from, args)
      total.passed += passed
      total.failed += failed
      if (performance.now() - toldMs < PROGRESS_EVERY_MS) continue
      toldMs = performance.now()
      const seconds = Math.round((toldMs - startedMs) / 1000)
      console.log(`${total.passed + total.failed} of ${count} seeds, ${total.failed} failed, ${seconds} s`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return total
}

/** Half of a worker's share of what is left: large at first, small at the end. */
function batchSize(left: number, workers: number): number {
  const half = Math.ceil(left / workers / 2)
  return Math.min(left, BATCH_SEEDS_MAX, Math.max(BATCH_SEEDS_MIN, half))
}

function runBatch(first: number, count: number, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const file = fileURLToPath(new URL('../run.ts', import.meta.url))
    const options = ['--seed', String(first), '--seeds', String(count), ...args]
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...options])
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += String(data)))
    child.once('error', reject)
    child.once('close', () => {
      const counts = /^(\d+) passed, (\d+) failed$/m.exec(text)
      if (counts === null) {
        reject(new Error(`the process with seeds ${first} to ${first + count - 1} ended without a result:\n${text}`))
        return
      }
      const [passed, failed] = [Number(counts[1]), Number(counts[2])]
      if (failed > 0) console.log(text)
      resolve({ passed, failed })
    })
  })
}
