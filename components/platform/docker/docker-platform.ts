import { createHash } from 'node:crypto'
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { serializedProvider } from '../../dynamic/serialized-provider.ts'
import { joinHostPort } from '../../plan/address.ts'
import type { DockerConfig } from '../../plan/schema/docker-config.ts'
import type { PlatformConfig } from '../../plan/schema/platform-config.ts'
import type { NodePlatform, NodeRequest, NodeResource } from '../node-platform.ts'
import {
  confVariable,
  containerLimits,
  containerProgram,
  containerUsers,
  publishedPorts,
  volumeMount,
} from './container-args.ts'
import type { DockerSite, DockerSites } from './docker-sites.ts'
import { nodeLabel, specLabel } from './leftover-containers.ts'
import type { DockerNodeInputs } from './provider/docker-node-implementation.ts'
import type { DockerPlaceInputs } from './provider/docker-place-implementation.ts'

type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

const typeModule = 'gantry'

class DockerPlace extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Inputs<DockerPlaceInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('dockerPlace'), name, inputs, options, typeModule, 'DockerPlace')
  }
}

class DockerNode extends pulumi.dynamic.Resource {
  // A plain field would overwrite what the base class has set.
  declare readonly address: pulumi.Output<string>

  constructor(name: string, inputs: Inputs<DockerNodeInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('dockerNode'), name, { ...inputs, phase: undefined }, options, typeModule, 'DockerNode')
  }
}

/**
 * Nodes as containers on one Docker host or several. A node is a volume, the place of its container, the container, and the
 * node itself, which is there once it does its work.
 */
export class DockerPlatform implements NodePlatform {
  readonly #config: PlatformConfig
  readonly #docker: DockerConfig
  readonly #sites: DockerSites

  constructor(config: PlatformConfig, docker: DockerConfig, sites: DockerSites) {
    this.#config = config
    this.#docker = docker
    this.#sites = sites
  }

  addNode(request: NodeRequest, options: pulumi.CustomResourceOptions): NodeResource {
    const { name, node, place, nameServers, master } = request
    const site = this.#sites.site(place.host)
    const container = this.#addContainer(request, site, options)
    const inputs = {
      engine: site.engine,
      container: name,
      containerId: container.id,
      node,
      // Whoever runs this is outside of the containers, as clients are.
      address: joinHostPort(place.advertisedAddress, place.port),
      nameServers,
      readyTimeoutMs: this.#config.readyTimeoutSeconds * 1000,
      ...(master === undefined ? {} : { master: master.advertisedAddress }),
    }
    const resource = new DockerNode(`${name}`, inputs, { ...options, dependsOn: [container] })
    return {
      resource,
      address: resource.address.apply(() => joinHostPort(place.address, place.port)),
      advertisedAddress: resource.address,
    }
  }

  #addContainer(request: NodeRequest, site: DockerSite, options: pulumi.CustomResourceOptions): docker.Container {
    const { name, node, place, nameServers } = request
    const { retainData, protectData } = this.#config
    const { provider } = site.options
    const onHost = provider === undefined ? options : { ...options, provider }
    const volumeName = `${name}-data`
    const volume = new docker.Volume(
      `${name}-data`,
      { name: volumeName, labels: [label(nodeLabel, place.id)] },
      { ...onHost, retainOnDelete: retainData, protect: protectData },
    )
    const image = this.#sites.imageId(place.host, place.engine)
    const { variables, ...program } = containerProgram(place, this.#docker)
    const { memory, memorySwap, restart, destroyGraceSeconds, ...lasting } = containerLimits(place, this.#docker)
    // What another container is needed for when it changes.
    const fixed = {
      name,
      image,
      hostname: place.id,
      ...program,
      ...lasting,
      envs: pulumi.output(node).apply(({ confFile }) => [`${confVariable}=${confFile.text}`, ...variables]),
      networksAdvanced: [{ name: site.networkName, aliases: [place.id] }],
      ports: publishedPorts(place, site.publishAddress),
      mounts: [volumeMount(volumeName)],
    }
    const spec = pulumi.unsecret(pulumi.output(fixed).apply(specHash))
    const earlier = [request.master, request.after].flatMap((other) => other?.resource ?? [])
    const room = new DockerPlace(
      `${name}-place`,
      {
        engine: site.engine,
        container: name,
        stopTimeoutSeconds: this.#docker.stopTimeoutSeconds,
        node,
        spec,
        nameServers,
        readyTimeoutMs: this.#config.readyTimeoutSeconds * 1000,
        ...(place.engine === 'apache' ? { volume: image.apply((id) => apacheVolume(volumeName, id)) } : {}),
      },
      { ...options, dependsOn: [volume, site.network, ...(request.before ?? []), ...earlier] },
    )
    return new docker.Container(
      `${name}-container`,
      {
        ...fixed,
        ...{ memory, memorySwap, restart, destroyGraceSeconds },
        labels: [
          label(nodeLabel, place.id),
          label('gantry.stack', pulumi.getStack()),
          { label: specLabel, value: spec },
        ],
      },
      {
        ...onHost,
        // Name and ports have to be free before the next one can have them.
        deleteBeforeReplace: true,
        dependsOn: [room],
      },
    )
  }
}

/** What tells containers apart that are started differently. The conf file, which may hold secrets, cannot be read from it. */
const specHash = (fixed: object): string => createHash('sha256').update(JSON.stringify(fixed)).digest('hex')

/** The official image does not have the folder that the volume is mounted at, so Docker would give it to root. */
const apacheVolume = (name: string, image: string) => ({ name, owner: containerUsers.apache, image })

const label = (name: string, value: string) => ({ label: name, value })
