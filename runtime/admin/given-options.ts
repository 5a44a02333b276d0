import { AdminError } from './admin-error.ts'

/** The options of a command line by the letter of the option (`attributes` by that name). Texts are trimmed. */
export class GivenOptions {
  readonly #command: string
  readonly #values: ReadonlyMap<string, string | true>

  constructor(command: string, values: ReadonlyMap<string, string | true>) {
    this.#command = command
    this.#values = values
  }

  has(option: string): boolean {
    return this.#values.has(option)
  }

  text(option: string): string | undefined {
    const value = this.#values.get(option)
    return typeof value === 'string' ? value.trim() : undefined
  }

  /** A required option: the command line was refused without it. */
  required(option: string): string {
    const text = this.text(option)
    if (text === undefined || text === '') throw new AdminError(`${this.#command}: give -${option} a value`)
    return text
  }

  /** A whole number, possibly negative. @throws AdminError */
  integer(option: string): number | undefined {
    const text = this.text(option)
    if (text === undefined) return undefined
    const number = Number(text)
    if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(number)) {
      throw new AdminError(`${this.#command}: -${option} is "${text}"; give a whole number`)
    }
    return number
  }

  /** `true` in any case is true, anything else false: Java's Boolean.parseBoolean. */
  boolean(option: string): boolean | undefined {
    return this.text(option)?.toLowerCase() === 'true' ? true : this.has(option) ? false : undefined
  }
}
