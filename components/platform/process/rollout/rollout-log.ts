import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { dataDirFiles } from '../cluster-state.ts'
import { readTail } from '../node-log.ts'
import type { LoggedRolloutEvent, RolloutEvent } from './rollout-event.ts'

export function logRolloutEvent(dataDir: string, rollout: string, timeMs: number, event: RolloutEvent): void {
  appendFileSync(dataDirFiles(dataDir).rolloutEvents, `${JSON.stringify({ timeMs, rollout, ...event })}\n`)
}

/** Enough for the longest event but a plan's. */
const tailBytes = 16_384

/** The last whole event that was logged; undefined when there is none. */
export function lastRolloutEvent(dataDir: string): LoggedRolloutEvent | undefined {
  const tail = readTail(dataDirFiles(dataDir).rolloutEvents, tailBytes)
  const line = tail.slice(0, tail.lastIndexOf('\n')).split('\n').at(-1)
  // A line longer than the tail has lost its beginning.
  return line?.startsWith('{"timeMs"') ? (JSON.parse(line) as LoggedRolloutEvent) : undefined
}

/** Reads the events of one rollout as they come. */
export class RolloutLogReader {
  readonly #path: string
  readonly #rollout: string
  #position = 0
  #rest = ''

  constructor(dataDir: string, rollout: string) {
    this.#path = dataDirFiles(dataDir).rolloutEvents
    this.#rollout = rollout
  }

  /** Those since the last read. */
  readNew(): LoggedRolloutEvent[] {
    const lines = (this.#rest + this.#readBytes()).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
      .map((line) => JSON.parse(line) as LoggedRolloutEvent)
      .filter(({ rollout }) => rollout === this.#rollout)
  }

  #readBytes(): string {
    let file: number
    try {
      file = openSync(this.#path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
      throw error
    }
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.max(0, size - this.#position))
      const count = readSync(file, bytes, 0, bytes.length, this.#position)
      // A line is written at once, but read perhaps while it is: only whole ones count.
      const end = bytes.lastIndexOf(0x0a, count - 1) + 1
      this.#position += end
      return bytes.toString('utf8', 0, end)
    } finally {
      closeSync(file)
    }
  }
}
