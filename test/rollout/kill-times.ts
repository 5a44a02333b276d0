import { readFileSync } from 'node:fs'
import { dataDirFiles } from '../../components/platform/process/cluster-state.ts'
import type { LoggedRolloutEvent } from '../../components/platform/process/rollout/rollout-event.ts'

const LOOK_MS = 5
/** Killed so often without coming to an end, it goes round in circles. */
const KILLS_MAX = 200

/** When a tool is killed that carries out a rollout: at the beginning of each step and of its waits, once each. */
export class KillTimes {
  readonly #dataDir: string
  readonly #done = new Set<string>()
  /** Of the events so far. */
  #bytes = 0
  #wasKilled = false

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  get count(): number {
    return this.#done.size
  }

  /** What was logged before concerns earlier runs. */
  nextRun(): void {
    this.#bytes = this.#log().length
    this.#wasKilled = false
  }

  /** Resolves with true at a moment at which no run was killed yet, with false when the tool has ended. */
  async isTime(ended: Promise<unknown>): Promise<boolean> {
    let hasEnded = false
    void ended.then(() => {
      hasEnded = true
    })
    while (!hasEnded) {
      const moment = this.#moments().find((name) => !this.#done.has(name))
      if (moment !== undefined) {
        this.#done.add(moment)
        if (this.#done.size > KILLS_MAX) throw new Error(`killed ${KILLS_MAX} times: ${[...this.#done].join(' ')}`)
        this.#wasKilled = true
        return true
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    return false
  }

  /** @throws Error when the tool failed by itself */
  checkProgress(output: string): void {
    if (!this.#wasKilled) throw new Error(`gantry up failed, and nobody had killed it:\n${output}`)
  }

  #moments(): string[] {
    const lines = this.#log().subarray(this.#bytes).toString().split('\n').slice(0, -1)
    const events = lines.map((line) => JSON.parse(line) as LoggedRolloutEvent)
    return events.flatMap((event) => {
      if (event.type === 'step') return [`step ${event.id}`]
      return event.type === 'waiting' && event.id !== '' ? [`wait ${event.id}`] : []
    })
  }

  #log(): Buffer {
    try {
      return readFileSync(dataDirFiles(this.#dataDir).rolloutEvents)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
      throw error
    }
  }
}
