import { readFileSync } from 'node:fs'

/** Clock ticks per second of /proc: 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100

/** User and system time of a process so far, in seconds, 10 ms exact. */
export function cpuSeconds(pid: number | string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The second field is the program's name in brackets and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export interface Memory {
  readonly rssMiB: number
  /** The part that is no file's: heap, buffers, stacks. */
  readonly rssAnonMiB: number
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const kib = (name: string): number => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))?.[1])
  return { rssMiB: kib('VmRSS') / 1024, rssAnonMiB: kib('RssAnon') / 1024 }
}

interface MachineTicks {
  readonly busy: number
  readonly steal: number
  readonly total: number
}

// cpu user nice system idle iowait irq softirq steal guest guest_nice, in ticks of all cores together
function machineTicks(): MachineTicks {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!
  const [user, nice, system, idle, iowait, irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number) as number[]
  const busy = user! + nice! + system! + irq! + softirq!
  return { busy, steal: steal!, total: busy + idle! + iowait! + steal! }
}

/** How quiet the machine was while something was measured. */
export interface Noise {
  /** CPU time of a fixed loop before and after: the same machine gives up to twice the figure when its host is busy. */
  readonly calibrationMs: readonly [number, number]
  /** Share of all CPU time that the hypervisor kept, in percent. */
  readonly stealPercent: number
  /** Share of all CPU time that any process had, in percent. */
  readonly busyPercent: number
}

/** Watches the machine from its making on. */
export class NoiseWatch {
  readonly #calibrationMs = calibrate()
  readonly #start = machineTicks()

  end(): Noise {
    const now = machineTicks()
    const total = Math.max(1, now.total - this.#start.total)
    return {
      stealPercent: (100 * (now.steal - this.#start.steal)) / total,
      busyPercent: (100 * (now.busy - this.#start.busy)) / total,
      calibrationMs: [this.#calibrationMs, calibrate()],
    }
  }
}

const CALIBRATION_STEPS = 20_000_000

function calibrate(): number {
  const before = process.cpuUsage()
  let x = 1
  for (let i = 0; i < CALIBRATION_STEPS; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0
  const used = process.cpuUsage(before)
  // The result is used, so that the loop cannot be left out.
  return (used.user + used.system) / 1000 + (x === 0 ? 0 : 0)
}
