import { ProxyError } from './proxy-error.ts'
import { StatusCode } from './wire/status-code.ts'

/** Requests of one kind that are under way. */
export class Bound {
  readonly #max: number
  readonly #key: string
  #count = 0

  /** Under way now. */
  get count(): number {
    return this.#count
  }

  constructor(max: number, key: string) {
    this.#max = max
    this.#key = key
  }

  /** @throws ProxyError TOO_MANY_REQUESTS */
  enter(): void {
    if (this.#count >= this.#max) {
      throw new ProxyError(
        StatusCode.TOO_MANY_REQUESTS,
        `flow limit: ${this.#max} requests of this kind are under way, which is what ${this.#key} allows; try again later`,
      )
    }
    this.#count++
  }

  leave(): void {
    this.#count--
  }
}
