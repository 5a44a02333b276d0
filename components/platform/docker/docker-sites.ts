import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { given } from '../../cluster/given.ts'
import type { DockerHostArgs, PlatformArgs } from '../../cluster/platform-args.ts'
import { serializedProvider } from '../../dynamic/serialized-provider.ts'
import type { Engine } from '../../plan/plan-node.ts'
import type { ClusterConfig } from '../../plan/schema/cluster-config.ts'
import type { DockerConfig } from '../../plan/schema/docker-config.ts'
import { gatewayOf, parseSubnet } from '../../plan/subnet.ts'
import type { PlatformOwner } from '../node-platform.ts'
import type { EngineChoice } from './engine/engine-of.ts'
import { engineImage } from './image/build-image.ts'
import type { DockerNetworkInputs } from './provider/docker-network-implementation.ts'

type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

/** A Docker host as the nodes on it need it. */
export interface DockerSite {
  readonly engine: pulumi.Input<EngineChoice>
  /** Options for resources of the docker provider. */
  readonly options: pulumi.CustomResourceOptions
  /** The cluster's network there, and its name: containers that have it from there go before the network does. */
  readonly network: pulumi.Resource
  readonly networkName: pulumi.Output<string>
  /** The interface that ports are published on; all when left out. */
  readonly publishAddress?: string
}

class DockerNetwork extends pulumi.dynamic.Resource {
  // A plain field would overwrite what the base class has set.
  declare readonly name: pulumi.Output<string>

  constructor(name: string, inputs: Inputs<DockerNetworkInputs>, options: pulumi.CustomResourceOptions) {
    const known = { networkId: undefined }
    super(serializedProvider('dockerNetwork'), name, { ...inputs, ...known }, options, 'gantry', 'DockerNetwork')
  }
}

/** Sites of the components that have opened some: their parts share them. */
const sitesOf = new WeakMap<pulumi.Resource, DockerSites>()

/** The Docker hosts of a cluster, each with its provider, network and images: made when the first node asks for them. */
export class DockerSites {
  readonly #config: ClusterConfig
  readonly #docker: DockerConfig
  readonly #hosts: Readonly<Record<string, DockerHostArgs>>
  readonly #owner: PlatformOwner
  readonly #made = new Map<string, DockerSite>()
  readonly #images = new Map<string, docker.RemoteImage>()

  private constructor(config: ClusterConfig, docker: DockerConfig, args: PlatformArgs, owner: PlatformOwner) {
    this.#config = config
    this.#docker = docker
    const plain = Object.entries(docker.hosts).map(([name, host]) => [name, given(host)] as const)
    this.#hosts = args.docker?.hosts ?? Object.fromEntries(plain)
    this.#owner = owner
  }

  /** Those of the component's parent, or its own. */
  static open(config: ClusterConfig, docker: DockerConfig, args: PlatformArgs, owner: PlatformOwner): DockerSites {
    const known = sitesOf.get(owner.component) ?? (owner.parent === undefined ? undefined : sitesOf.get(owner.parent))
    const sites = known ?? new DockerSites(config, docker, args, owner)
    sitesOf.set(owner.component, sites)
    return sites
  }

  site(host: string): DockerSite {
    const known = this.#made.get(host)
    if (known !== undefined) return known
    const made = this.#make(host)
    this.#made.set(host, made)
    return made
  }

  /** The id of the image that nodes of an engine run, on a host. */
  imageId(host: string, engine: Engine): pulumi.Output<string> {
    const key = `${host} ${engine}`
    const { options, network } = this.site(host)
    const image =
      this.#images.get(key) ??
      new docker.RemoteImage(
        // Named after the image: were it replaced, Pulumi would remove every container that runs it beforehand, all at once.
        `${this.#owner.name}-image-${engine}-${host}-${this.imageName(engine).replaceAll(/[^\w.-]+/g, '-')}`,
        { name: this.imageName(engine), keepLocally: true },
        { ...options, dependsOn: [network] },
      )
    this.#images.set(key, image)
    return image.imageId
  }

  imageName(engine: Engine): string {
    return engine === 'apache' ? this.#docker.apacheImage : (this.#docker.image ?? engineImage)
  }

  #make(host: string): DockerSite {
    const { component, name } = this.#owner
    const parent = { parent: component }
    const reach = this.#hosts[host] ?? {}
    const { endpoint, certPath, caMaterial, certMaterial } = reach
    const sshOpts = reach.sshOpts?.length === 0 ? undefined : reach.sshOpts
    const keyMaterial = reach.keyMaterial === undefined ? undefined : pulumi.secret(reach.keyMaterial)
    const common = given({ host: endpoint, certPath, caMaterial, certMaterial, keyMaterial, sshOpts })
    const provider =
      Object.keys(common).length === 0 ? undefined : new docker.Provider(`${name}-docker-${host}`, common, parent)
    const engine = pulumi.output(common) as pulumi.Output<EngineChoice>
    const subnet = parseSubnet(this.#docker.subnet)
    if (subnet === undefined) throw new RangeError(`${this.#docker.subnet} was let through as a subnet`)
    const gateway = gatewayOf(subnet)
    const localImages = this.#usesOwnImage() ? [engineImage] : []
    const networkName = `${pulumi.getStack()}-${this.#config.name}`
    const inputs = { engine, name: networkName, subnet: this.#docker.subnet, gateway, localImages }
    const network = new DockerNetwork(`${name}-network-${host}`, inputs, { ...parent, deleteBeforeReplace: true })
    const publishAddress = publishOn(this.#config, host)
    const options = provider === undefined ? parent : { ...parent, provider }
    return {
      engine,
      options,
      network,
      networkName: network.name,
      ...(publishAddress === undefined ? {} : { publishAddress }),
    }
  }

  /** Whether nodes run the image that `gantry image build` makes, which no registry has. */
  #usesOwnImage(): boolean {
    const { engine, groups } = this.#config
    const engines = [engine, ...groups.map((group) => group.engine ?? engine)]
    return this.#docker.image === undefined && engines.includes('gantry')
  }
}

const ipPattern = /^[0-9.]+$|:/

/** The interface named for the host, or its address when that is one: nothing else of the machine is opened. */
function publishOn({ hosts }: ClusterConfig, name: string): string | undefined {
  const host = hosts.find((each) => each.name === name)
  if (host === undefined) throw new RangeError(`no host ${name}: placement only uses hosts of the config`)
  return host.bindAddress ?? (ipPattern.test(host.address) ? host.address : undefined)
}
