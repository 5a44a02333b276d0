import { isSameValue } from '../../../../components/dynamic/same-value.ts'
import type { EngineClient } from '../../../../components/platform/docker/engine/engine-client.ts'
import { argumentProblems } from '../../../../components/testing/argument-problems.ts'
import type { Difference, ResourceProvider } from '../resource-provider.ts'
import type { Properties } from '../values.ts'
import { containerKind } from './container-kind.ts'
import type { DockerKind } from './docker-kind.ts'
import { imageKind } from './image-kind.ts'
import { volumeKind } from './volume-kind.ts'

const kinds: Readonly<Record<string, DockerKind>> = {
  'docker:index/container:Container': containerKind,
  'docker:index/volume:Volume': volumeKind,
  'docker:index/remoteImage:RemoteImage': imageKind,
}

/** The type in a URN: the last of those it is nested in. */
const typeOf = (urn: string): string => urn.split('::')[2]?.split('$').at(-1) ?? ''

function kindOf(urn: string): DockerKind {
  const kind = kinds[typeOf(urn)]
  if (kind === undefined) throw new Error(`this engine has no ${typeOf(urn)}`)
  return kind
}

/** Stands for Pulumi's docker provider. An input that it does not know is an error. */
export class DockerProvider implements ResourceProvider {
  readonly #engine: () => EngineClient

  constructor(engine: () => EngineClient) {
    this.#engine = engine
  }

  async check(urn: string, _: Properties, news: Properties): Promise<Properties> {
    const kind = kindOf(urn)
    const unknown = Object.keys(news).filter((key) => !(key in kind.inputs))
    const problems = [
      ...argumentProblems(typeOf(urn), news),
      ...unknown.map((key) => `${key}: an input that this engine's docker provider does not do`),
    ]
    if (problems.length > 0) throw new Error(`${urn}: ${problems.join('; ')}`)
    return kind.withDefaults(news)
  }

  /** Compares what is wanted with what was found at last, as that provider does: it does not look at the real thing. */
  async diff(urn: string, _: string, olds: Properties, news: Properties): Promise<Difference> {
    const { inputs } = kindOf(urn)
    const keys = Object.keys(inputs).filter((key) => !isSameValue(comparable(olds[key]), comparable(news[key])))
    return {
      changes: keys.length > 0,
      replaces: keys.filter((key) => inputs[key] === 'replace'),
      // Names are given by the program.
      deleteBeforeReplace: true,
    }
  }

  create(urn: string, news: Properties) {
    return kindOf(urn).create(this.#engine(), news)
  }

  update(urn: string, id: string, olds: Properties, news: Properties): Promise<Properties> {
    return kindOf(urn).update(this.#engine(), id, olds, news)
  }

  read(urn: string, id: string, known: Properties): Promise<Properties | undefined> {
    return kindOf(urn).read(this.#engine(), id, known)
  }

  delete(urn: string, id: string, known: Properties): Promise<void> {
    return kindOf(urn).delete(this.#engine(), id, known)
  }
}

/** Lists as sets, and without what says nothing: that is how the provider compares most of them. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) {
    const each = value.map(comparable)
    return each.length === 0 ? undefined : each.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner)]))
}
