/** An expression that cannot be compiled: where it goes wrong and why. */
export class FilterSyntaxError extends Error {
  override readonly name = 'FilterSyntaxError'
  /** Characters before the place, from 0. */
  readonly position: number

  constructor(position: number, reason: string) {
    super(`illegal SQL92 expression, at character ${position + 1}: ${reason}`)
    this.position = position
  }
}
