import type { Command } from './scripts.ts'

/** The words behind the name of a command: plain ones, `key=value`, and switches. */
export class CommandWords {
  readonly #command: Command

  constructor(command: Command) {
    this.#command = command
  }

  at(index: number): string {
    const word = this.#command.args[index]
    if (word === undefined) throw new Error(`${this.#command.name}: word ${index + 1} is missing`)
    return word
  }

  number(index: number): number {
    return this.#number(this.at(index))
  }

  has(word: string): boolean {
    return this.#command.args.includes(word)
  }

  named(key: string): string | undefined {
    return this.#command.options.get(key)
  }

  namedNumber(key: string): number | undefined {
    const value = this.named(key)
    return value === undefined ? undefined : this.#number(value)
  }

  /** `1,2` */
  namedIds(key: string): number[] {
    const value = this.named(key) ?? ''
    return value === '' ? [] : value.split(',').map((id) => this.#number(id))
  }

  #number(text: string): number {
    const number = Number(text)
    if (!Number.isInteger(number)) throw new Error(`${this.#command.name}: "${text}" is no whole number`)
    return number
  }
}
