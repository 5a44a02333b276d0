import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const chunkBytes = 64 * 1024
const newline = 0x0a

/** Reads a growing log from its end on. The log may be cut to nothing meanwhile (rotation). */
export class LogReader {
  readonly #path: string
  #position = 0

  constructor(path: string) {
    this.#path = path
  }

  /** The last lines, at most `count` of them; reading goes on after them. */
  lastLines(count: number): string {
    const file = openSync(this.#path, 'r')
    try {
      const { size } = fstatSync(file)
      this.#position = size
      return read(file, startOfLastLines(file, size, count), size).toString('utf8')
    } finally {
      closeSync(file)
    }
  }

  /** What was added since the last read; empty when nothing was. */
  readNew(): string {
    const file = openSync(this.#path, 'r')
    try {
      const { size } = fstatSync(file)
      const start = size < this.#position ? 0 : this.#position
      this.#position = size
      return read(file, start, size).toString('utf8')
    } finally {
      closeSync(file)
    }
  }
}

function read(file: number, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start)
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start))
}

/** Goes backwards through the file until enough line ends were seen. */
function startOfLastLines(file: number, size: number, count: number): number {
  if (count === 0) return size
  let linesLeft = count
  // The line end of the last line does not begin another one.
  let end = size - 1
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes)
    const bytes = read(file, start, end)
    for (let index = bytes.length - 1; index >= 0; index--) {
      if (bytes[index] === newline && --linesLeft === 0) return start + index + 1
    }
    end = start
  }
  return 0
}
