import { engineOf } from '../../../components/platform/docker/engine/engine-of.ts'
import { argumentProblems } from '../../../components/testing/argument-problems.ts'
import { awsProvider } from './aws/aws-provider.ts'
import { DockerProvider } from './docker/docker-provider.ts'
import { DynamicProvider } from './dynamic-provider.ts'
import type { Project } from './project.ts'
import type { ResourceProvider } from './resource-provider.ts'
import type { ResourceState, State } from './state.ts'
import type { Properties } from './values.ts'

/** A provider as a resource of its own: inputs, and nothing behind them. */
const providerResource: ResourceProvider = {
  async check(urn, _, news) {
    const problems = argumentProblems(urn.split('::')[2]?.split('$').at(-1) ?? '', news)
    if (problems.length > 0) throw new Error(`${urn}: ${problems.join('; ')}`)
    return news
  },
  async diff() {
    return { changes: undefined, replaces: [], deleteBeforeReplace: false }
  },
  async create(urn, news) {
    return { id: `provider-of-${urn.split('::').at(-1)}`, outputs: news }
  },
  async update(_, __, ___, news) {
    return news
  },
  async read(_, __, known) {
    return known
  },
  async delete() {},
}

/** Inputs of the docker provider as the engine client has them. */
function dockerEngine({ host, certPath, caMaterial, certMaterial, keyMaterial, sshOpts }: Properties) {
  const plain = (value: unknown) => (typeof value === 'string' ? JSON.parse(value) : value)
  const choice = { host, certPath, caMaterial, certMaterial, keyMaterial, sshOpts: plain(sshOpts) }
  return engineOf(Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined)))
}

/** The providers of one run, by the type of a resource and the provider it names. */
export class Providers {
  readonly #project: Project
  readonly #state: State
  readonly #print: (text: string) => void
  #dynamic: Promise<DynamicProvider> | undefined

  constructor(project: Project, state: State, print: (text: string) => void) {
    this.#project = project
    this.#state = state
    this.#print = print
  }

  /** Where the engine's services listen; told before the first resource is. */
  engineAddress = ''

  async of({ type, provider }: Pick<ResourceState, 'type' | 'provider'>): Promise<ResourceProvider> {
    if (type.startsWith('pulumi:providers:')) return providerResource
    if (type.startsWith('docker:')) return new DockerProvider(() => dockerEngine(this.#inputsOf(provider)))
    if (type.startsWith('aws:')) return awsProvider
    this.#dynamic ??= DynamicProvider.start(this.#project, this.engineAddress, this.#print)
    return this.#dynamic
  }

  kill(): void {
    void this.#dynamic?.then((provider) => provider.stop('SIGKILL'))
  }

  async stop(): Promise<void> {
    ;(await this.#dynamic)?.stop('SIGTERM')
  }

  /** @param reference `urn::id` */
  #inputsOf(reference: string): Properties {
    if (reference === '') return {}
    const urn = reference.slice(0, reference.lastIndexOf('::'))
    const found = this.#state.find(urn)
    if (found === undefined) throw new Error(`the provider ${urn} is not in the state`)
    return found.inputs
  }
}
