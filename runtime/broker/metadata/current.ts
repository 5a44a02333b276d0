/** Settings that may change while the broker runs: read `current` anew each time they matter. */
export interface Current<T> {
  readonly current: T
}
