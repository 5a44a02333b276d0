import { createHash } from 'node:crypto'
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { serializedProvider } from '../../dynamic/serialized-provider.ts'
import { joinHostPort } from '../../plan/address.ts'
import type { Engine } from '../../plan/plan-node.ts'
import type { DockerConfig } from '../../plan/schema/docker-config.ts'
import type { PlatformConfig } from '../../plan/schema/platform-config.ts'
import { inTurn, type NodePlatform, type NodeRequest, type NodeResource } from '../node-platform.ts'
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
import { givenVariable, hasSecrets } from './private-files.ts'
import type { DockerNodeInputs } from './provider/docker-node-implementation.ts'
import { type DockerPlaceInputs, specOf } from './provider/docker-place-implementation.ts'
import type { OwnedVolume } from './volume-owner.ts'

type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

const typeModule = 'gantry'

class DockerPlace extends pulumi.dynamic.Resource {
  // A plain field would overwrite what the base class has set.
  declare readonly startedConf: pulumi.Output<string>
  declare readonly spec: pulumi.Output<string>

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

  /** Containers of the network find one another by these, and programs in the container itself. */
  readonly certificateNames = ({ name, place }: NodeRequest): string[] => [place.id, name, 'localhost', '127.0.0.1']

  constructor(config: PlatformConfig, docker: DockerConfig, sites: DockerSites) {
    this.#config = config
    this.#docker = docker
    this.#sites = sites
  }

  addNode(request: NodeRequest, options: pulumi.CustomResourceOptions): NodeResource {
    const { name, node, place, nameServers, master } = request
    const site = this.#sites.site(place.host)
    const { container, startedConf } = this.#addContainer(request, site, options)
    const inputs = {
      engine: site.engine,
      container: name,
      containerId: container.id,
      startedConf,
      node,
      // Whoever runs this is outside of the containers, as clients are.
      address: joinHostPort(place.advertisedAddress, place.port),
      nameServers,
      readyTimeoutMs: this.#config.readyTimeoutSeconds * 1000,
      ...(master === undefined ? {} : { master: master.advertisedAddress }),
    }
    const resource = new DockerNode(`${name}`, inputs, { ...withSecrets(request, options), dependsOn: [container] })
    return {
      resource,
      address: resource.address.apply(() => joinHostPort(place.address, place.port)),
      advertisedAddress: resource.address,
    }
  }

  #addContainer(request: NodeRequest, site: DockerSite, options: pulumi.CustomResourceOptions) {
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
    // What another container is needed for when it changes, besides settings that count from a start on.
    const fixed = {
      name,
      image,
      hostname: place.id,
      ...program,
      ...lasting,
      networksAdvanced: [{ name: site.networkName, aliases: [place.id] }],
      ports: publishedPorts(place, site.publishAddress),
      mounts: [volumeMount(volumeName)],
    }
    const isPrivate = hasSecrets(request)
    // What it has in files besides its conf text, and that it has that in one.
    const inFiles = isPrivate ? { files: { tls: place.tls?.text } } : {}
    const shape = pulumi.output({ ...fixed, variables, ...inFiles }).apply(hashOf)
    const confText = pulumi.output(node).apply(({ confFile }) => confFile.text)
    const needed = [
      volume,
      site.network,
      ...(request.before ?? []),
      ...(request.master ? [request.master.resource] : []),
    ]
    const room = new DockerPlace(
      `${name}-place`,
      {
        engine: site.engine,
        container: name,
        stopTimeoutSeconds: this.#docker.stopTimeoutSeconds,
        node,
        shape,
        startedConf: confText,
        spec: pulumi.unsecret(pulumi.all([shape, confText]).apply(([known, text]) => specOf(known, text))),
        nameServers,
        readyTimeoutMs: this.#config.readyTimeoutSeconds * 1000,
        staleRouteMs: this.#config.staleRouteSeconds * 1000,
        volume: image.apply((id) => ownVolume(volumeName, place.engine, id)),
        ...(isPrivate ? { files: image.apply((id) => ({ name: volumeName, image: id })) } : {}),
      },
      { ...withSecrets(request, options), dependsOn: inTurn(needed, request) },
    )
    const { startedConf } = room
    const spec = pulumi.unsecret(room.spec)
    const conf = isPrivate
      ? spec.apply((madeFor) => `${givenVariable}=${madeFor}`)
      : startedConf.apply((text) => `${confVariable}=${text}`)
    const container = new docker.Container(
      `${name}-container`,
      {
        ...fixed,
        envs: conf.apply((variable) => [variable, ...variables]),
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
    return { container, startedConf }
  }
}

const hashOf = (fixed: object): string => createHash('sha256').update(JSON.stringify(fixed)).digest('hex')

/** A node's volume belongs to the user of its engine. */
const ownVolume = (name: string, engine: Engine, image: string): OwnedVolume => {
  return { name, owner: containerUsers[engine], image, engine }
}

/** A node with secrets has them in the state, encrypted, whatever a provider does with marks around inputs. */
const withSecrets = (request: NodeRequest, options: pulumi.CustomResourceOptions) =>
  hasSecrets(request) ? { ...options, additionalSecretOutputs: ['node', 'startedConf'] } : options

const label = (name: string, value: string) => ({ label: name, value })
