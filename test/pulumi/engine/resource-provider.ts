import type { Properties } from './values.ts'

export interface Difference {
  /** Undefined when the provider leaves the comparison to the engine. */
  readonly changes: boolean | undefined
  readonly replaces: readonly string[]
  readonly deleteBeforeReplace: boolean
}

/** What stands behind resources of some types, as the engine asks it. */
export interface ResourceProvider {
  /** @throws Error naming what is wrong with the inputs */
  check(urn: string, olds: Properties, news: Properties): Promise<Properties>
  diff(urn: string, id: string, olds: Properties, news: Properties): Promise<Difference>
  create(urn: string, news: Properties): Promise<{ readonly id: string; readonly outputs: Properties }>
  update(urn: string, id: string, olds: Properties, news: Properties): Promise<Properties>
  /** Undefined when the resource is gone. */
  read(urn: string, id: string, known: Properties): Promise<Properties | undefined>
  delete(urn: string, id: string, known: Properties): Promise<void>
}
