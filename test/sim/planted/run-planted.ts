import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PLANTED_BUGS } from './planted-bugs.ts'

interface Hunt {
  readonly name: string
  readonly where: string
  readonly seeds: number
  /** Of node. */
  readonly args: readonly string[]
}

/** Who found it: the seed of the run that failed, the first line of what it says. */
interface Find {
  readonly hunt: Hunt
  readonly isCaught: boolean
  readonly seed: string
  readonly what: string
}

const WHAT_MAX = 110
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

function hunts(name: string | undefined): Hunt[] {
  const wanted = PLANTED_BUGS.filter((bug) => name === undefined || bug.name.includes(name))
  return wanted.map((bug) => {
    const args = ['--import', fileOf('./plant.ts'), fileOf('../run.ts'), '--scenario', bug.scenario, '--seed', '1']
    return { ...bug, where: bug.scenario, args: [...args, '--seeds', String(bug.seeds), '--until-failure'] }
  })
}

/**
 * Plants every bug in turn and runs seeds until one fails, two at a time; prints a table. Returns how many were not found.
 * `name`: only those whose name has this in it.
 */
export async function runPlanted(
  workers: number,
  name?: string,
): Promise<{ readonly caught: number; readonly missed: number }> {
  const waiting = hunts(name)
  let [caught, missed] = [0, 0]
  console.log('caught by seed | allowed | where | planted bug | what the checks say')
  const work = async (): Promise<void> => {
    for (let hunt = waiting.shift(); hunt !== undefined; hunt = waiting.shift()) {
      const { isCaught, seed, what } = await find(hunt)
      if (isCaught) caught++
      else missed++
      const by = isCaught ? seed : 'NOT CAUGHT'
      console.log(`${by} | ${hunt.seeds} | ${hunt.where} | ${hunt.name} | ${what}`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return { caught, missed }
}

function find(hunt: Hunt): Promise<Find> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PLANTED_BUG: hunt.name }
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...hunt.args], { env })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += String(data)))
    child.once('error', reject)
    child.once('close', (code) => {
      const line = /^FAILED seed (\d+).*$/m.exec(text)
      // Any other end says that it could not be planted.
      if (code !== 0 && line === null) reject(new Error(`"${hunt.name}" cannot be planted: ${text.slice(0, 2000)}`))
      const what = (line?.[0] ?? '').replace(/^FAILED seed \d+[^:]*: /, '').slice(0, WHAT_MAX)
      resolve({ hunt, isCaught: code !== 0, seed: line?.[1] ?? '', what })
    })
  })
}
