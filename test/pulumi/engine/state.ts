import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Properties } from './values.ts'

/** A resource as the state keeps it. */
export interface ResourceState {
  readonly urn: string
  readonly type: string
  readonly name: string
  /** Has a provider behind it; a component has none. */
  readonly custom: boolean
  readonly id: string
  readonly parent: string
  /** `urn::id` of the resource that is its provider; '' for the default one of its package. */
  readonly provider: string
  /** URNs that have to be there before it. */
  readonly dependencies: readonly string[]
  /** URNs that an input has its value from, by the input's name. */
  readonly inputDependencies: Readonly<Record<string, readonly string[]>>
  readonly protect: boolean
  readonly retainOnDelete: boolean
  readonly deleteBeforeReplace: boolean
  /** URN of a resource whose deletion takes this one along. */
  readonly deletedWith: string
  readonly ignoreChanges: readonly string[]
  readonly inputs: Properties
  readonly outputs: Properties
}

interface StateFile {
  outputs: Properties
  resources: ResourceState[]
}

/** The state of one stack, written out after every change: a run that is cut short leaves what it has done. */
export class State {
  readonly #path: string
  readonly #content: StateFile

  constructor(path: string) {
    this.#path = path
    this.#content = existsSync(path)
      ? (JSON.parse(readFileSync(path, 'utf8')) as StateFile)
      : { outputs: {}, resources: [] }
  }

  /** In the order they were made. */
  get resources(): readonly ResourceState[] {
    return this.#content.resources
  }

  get outputs(): Properties {
    return this.#content.outputs
  }

  set outputs(outputs: Properties) {
    this.#content.outputs = outputs
    this.#save()
  }

  find(urn: string): ResourceState | undefined {
    return this.#content.resources.find((resource) => resource.urn === urn)
  }

  /** Adds a resource, or puts it in the place of the one with its URN. */
  put(resource: ResourceState): void {
    const { resources } = this.#content
    const index = resources.findIndex(({ urn }) => urn === resource.urn)
    if (index < 0) resources.push(resource)
    else resources[index] = resource
    this.#save()
  }

  remove(urn: string): void {
    this.#content.resources = this.#content.resources.filter((resource) => resource.urn !== urn)
    this.#save()
  }

  #save(): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#content, null, 1))
    renameSync(`${this.#path}.new`, this.#path)
  }
}
