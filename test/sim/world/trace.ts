/** What has happened: the last lines to read, and a digest of every event, by which two runs are compared. */
export class Trace {
  readonly #lines: string[] = []
  readonly #now: () => number
  readonly #linesKept: number
  #hash = 0x811c9dc5
  #events = 0

  constructor(now: () => number, linesKept: number) {
    this.#now = now
    this.#linesKept = linesKept
  }

  get eventCount(): number {
    return this.#events
  }

  get digest(): string {
    return `${this.#events}:${(this.#hash >>> 0).toString(16).padStart(8, '0')}`
  }

  /** An event that has no line of its own: who, and a number that tells it from others. */
  mark(who: number, what: number): void {
    this.#events++
    this.#mix(Math.round(this.#now() * 1000))
    this.#mix(who)
    this.#mix(what)
  }

  line(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i))
    this.#lines.push(`${this.#now().toFixed(1).padStart(9)} ${text}`)
    if (this.#lines.length > 2 * this.#linesKept) this.#lines.splice(0, this.#linesKept)
  }

  last(count: number): string[] {
    return this.#lines.slice(-count)
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193)
    this.#hash ^= this.#hash >>> 15
  }
}
