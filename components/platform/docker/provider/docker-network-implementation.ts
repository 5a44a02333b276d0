import { networkInterfaces } from 'node:os'
import type { Implementation } from '../../../dynamic/implementation.ts'
import { isSameValue } from '../../../dynamic/same-value.ts'
import { contains, parseSubnet } from '../../../plan/subnet.ts'
import { type EngineClient, EngineError } from '../engine/engine-client.ts'
import { type EngineChoice, engineOf } from '../engine/engine-of.ts'
import { engineImage } from '../image/build-image.ts'

export interface DockerNetworkInputs {
  readonly engine: EngineChoice
  readonly name: string
  readonly subnet: string
  readonly gateway: string
  /** Images that the nodes of this host run and that the engine needs to have: no registry has them. */
  readonly localImages: readonly string[]
}

export interface DockerNetworkOutputs extends DockerNetworkInputs {
  readonly networkId: string
}

interface Network {
  readonly Id: string
  readonly Name: string
  readonly Labels: Readonly<Record<string, string>> | null
  readonly IPAM: { readonly Config: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null }
}

/** Marks what is ours, so that nothing else is ever taken over or removed. */
const ownLabel = 'gantry.network'

const freeOne = 'Set gantry:cluster.platform.docker.subnet to a free one'

const subnetsOf = ({ IPAM }: Network): string[] => (IPAM.Config ?? []).flatMap(({ Subnet }) => Subnet ?? [])

/**
 * The network that a cluster's containers of one Docker host are in. Of our own making instead of Pulumi's docker
 * provider's: that one cannot take over what an interrupted run left behind, and says nothing of what a subnet overlaps.
 */
export const dockerNetworkImplementation: Implementation<DockerNetworkInputs, DockerNetworkOutputs> = {
  async diff({ networkId, ...olds }, news) {
    const replaces = (['name', 'subnet', 'gateway'] as const).filter((key) => olds[key] !== news[key])
    const missing = await missingImages(engineOf(news.engine), news.localImages)
    const gone = (await find(engineOf(news.engine), networkId)) === undefined
    return {
      changes: !isSameValue(olds, news) || gone || missing.length > 0,
      replaces,
      // The address range has to be free before the new one can have it.
      deleteBeforeReplace: true,
    }
  },
  async create(news) {
    const networkId = await bringAbout(news)
    return { id: news.name, outs: { ...news, networkId } }
  },
  async read(_, known) {
    const network = await find(engineOf(known.engine), known.name)
    if (network === undefined) return undefined
    const [{ Subnet: subnet = '', Gateway: gateway = '' } = {}] = network.IPAM.Config ?? []
    return { ...known, subnet, gateway, networkId: network.Id }
  },
  async update(_, news) {
    return { ...news, networkId: await bringAbout(news) }
  },
  async delete(known) {
    try {
      await engineOf(known.engine).ask('DELETE', `/networks/${known.networkId}`)
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      if (error.status === 404) return
      // Parts of a cluster that were made one by one share it: the last one takes it away.
      if (!error.message.includes('active endpoints')) throw error
      console.warn(`network ${known.name} stays: it has other containers`)
    }
  },
}

/** By name or id. */
const find = (engine: EngineClient, name: string): Promise<Network | undefined> =>
  engine.find<Network>(`/networks/${encodeURIComponent(name)}`)

/** @returns the id of the network, made or found */
async function bringAbout({
  engine: choice,
  name,
  subnet,
  gateway,
  localImages,
}: DockerNetworkInputs): Promise<string> {
  const engine = engineOf(choice)
  const missing = await missingImages(engine, localImages)
  if (missing.length > 0) throw new Error(noImage(missing, choice))
  const known = await find(engine, name)
  if (known !== undefined) {
    if (known.Labels?.[ownLabel] === undefined) {
      throw new Error(`there is a network ${name} already, which gantry did not make: remove it or rename the cluster`)
    }
    if (subnetsOf(known).includes(subnet)) return known.Id
    await engine.ask('DELETE', `/networks/${known.Id}`)
  }
  checkInterfaces(choice, subnet)
  const json = {
    Name: name,
    CheckDuplicate: true,
    Driver: 'bridge',
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
    Labels: { [ownLabel]: name },
  }
  try {
    const { Id } = await engine.ask<{ Id: string }>('POST', '/networks/create', { json })
    return Id
  } catch (error) {
    if (!(error instanceof EngineError) || !/overlap/i.test(error.message)) throw error
    throw new Error(await overlap(engine, subnet))
  }
}

/**
 * Docker takes a subnet that an interface of its machine is in, and then neither is reached. The machine can be asked when
 * it is this one.
 */
function checkInterfaces({ host = '' }: EngineChoice, subnet: string): void {
  const wanted = parseSubnet(subnet)
  if (wanted === undefined || /^(tcp|ssh):/.test(host)) return
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    const taken = addresses.find(({ address, family }) => family === 'IPv4' && contains(wanted, address))
    if (taken === undefined) continue
    throw new Error(`subnet ${subnet} is taken: ${name} of this machine is ${taken.address}. ${freeOne}`)
  }
}

async function overlap(engine: EngineClient, subnet: string): Promise<string> {
  const networks = await engine.ask<Network[]>('GET', '/networks')
  const taken = networks.flatMap((network) => subnetsOf(network).map((each) => `${each} (${network.Name})`))
  const list = taken.length === 0 ? 'none of its networks, so a route of the host' : taken.join(', ')
  return `subnet ${subnet} is taken on the Docker host, which has ${list}. ${freeOne}`
}

async function missingImages(engine: EngineClient, images: readonly string[]): Promise<string[]> {
  const found = await Promise.all(images.map((image) => engine.find(`/images/${image}/json`)))
  return images.filter((_, index) => found[index] === undefined)
}

function noImage(missing: readonly string[], { host }: EngineChoice): string {
  const flag = host === undefined ? '' : ` --host ${host}`
  const remedy = missing.includes(engineImage) ? `make it with "gantry image build${flag}"` : 'build or load it there'
  return `the Docker engine${host === undefined ? '' : ` at ${host}`} has no image ${missing.join(', ')}: ${remedy}`
}
