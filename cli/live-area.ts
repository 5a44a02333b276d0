import type { WriteStream } from 'node:tty'

/** Lines at the bottom of a terminal that are redrawn in place; other lines go above them. */
export class LiveArea {
  readonly #out: WriteStream
  #shown: readonly string[] = []

  constructor(out: WriteStream) {
    this.#out = out
  }

  /** Replaces the lines shown; writes nothing when they are the same. */
  show(lines: readonly string[]): void {
    if (lines.join('\n') === this.#shown.join('\n')) return
    this.#out.write(`${this.#erase()}${text(lines)}`)
    this.#shown = lines
  }

  /** Puts a line above the area for good. */
  print(line: string): void {
    this.#out.write(`${this.#erase()}${line}\n${text(this.#shown)}`)
  }

  #erase(): string {
    // Lines wider than the terminal take several rows there.
    const width = this.#out.columns || Number.POSITIVE_INFINITY
    const rows = this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / width)), 0)
    return rows === 0 ? '' : `\x1b[${rows}A\x1b[J`
  }
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

function visibleLength(line: string): number {
  let length = 0
  for (let index = 0; index < line.length; index++) {
    if (line[index] === '\x1b') {
      const end = line.indexOf('m', index)
      if (end < 0) return length
      index = end
    } else length++
  }
  return length
}
