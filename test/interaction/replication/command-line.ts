/** A line of a script: a name, plain words, and `key=value` words. */
export class CommandLine {
  readonly name: string
  readonly #words: readonly string[]
  readonly #named: ReadonlyMap<string, string>

  constructor(line: string) {
    const [name = '', ...words] = line.trim().split(/\s+/)
    this.name = name
    this.#words = words.filter((word) => !word.includes('='))
    const named = words.filter((word) => word.includes('='))
    this.#named = new Map(named.map((word) => word.split('=', 2) as [string, string]))
  }

  number(index: number): number {
    return wholeNumber(this.name, this.#words[index])
  }

  word(index: number): string | undefined {
    return this.#words[index]
  }

  has(word: string): boolean {
    return this.#words.includes(word)
  }

  named(key: string): number | undefined {
    const value = this.#named.get(key)
    return value === undefined ? undefined : wholeNumber(this.name, value)
  }

  /** `1,2` */
  ids(index: number): Set<number> {
    return new Set((this.#words[index] ?? '').split(',').map((id) => wholeNumber(this.name, id)))
  }
}

function wholeNumber(command: string, text: string | undefined): number {
  const number = Number(text)
  if (text === undefined || text === '' || !Number.isInteger(number))
    throw new Error(`${command}: "${text}" is no whole number`)
  return number
}

export function idsText(ids: Iterable<number>): string {
  return `{${[...ids].sort((a, b) => a - b).join(' ')}}`
}
