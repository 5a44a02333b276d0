/** The words behind the name of a command: plain ones, `key=value`, and switches. */
export class CommandWords {
  readonly #command: string
  readonly #plain: readonly string[]
  readonly #named: ReadonlyMap<string, string>

  constructor(command: string, words: readonly string[]) {
    this.#command = command
    this.#plain = words.filter((word) => !word.includes('='))
    this.#named = new Map(
      words.filter((word) => word.includes('=')).map((word) => word.split('=', 2) as [string, string]),
    )
  }

  at(index: number): string {
    const word = this.#plain[index]
    if (word === undefined) throw new Error(`${this.#command}: word ${index + 1} is missing`)
    return word
  }

  number(index: number): number {
    return wholeNumber(this.#command, this.at(index))
  }

  has(word: string): boolean {
    return this.#plain.includes(word)
  }

  named(key: string): string | undefined {
    return this.#named.get(key)
  }

  namedNumber(key: string): number | undefined {
    const value = this.#named.get(key)
    return value === undefined ? undefined : wholeNumber(this.#command, value)
  }

  /** `1,2` */
  namedIds(key: string): number[] {
    const value = this.#named.get(key) ?? ''
    return value === '' ? [] : value.split(',').map((id) => wholeNumber(this.#command, id))
  }
}

function wholeNumber(command: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number)) throw new Error(`${command}: "${text}" is no whole number`)
  return number
}
