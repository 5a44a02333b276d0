import type { Implementation } from '../../../dynamic/implementation.ts'
import { isSameValue } from '../../../dynamic/same-value.ts'
import { containerDataDir } from '../../../plan/docker-hosts.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { makeWay } from '../../../rollout/make-way.ts'
import { type Container, findContainer } from '../engine/container-state.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { type EngineChoice, engineOf } from '../engine/engine-of.ts'
import { tarOf } from '../engine/tar.ts'
import { isMarked, leftoversOf, moveAside, nodeLabel, specLabel } from '../leftover-containers.ts'

/**
 * Where a node's container is going to be. Before one is replaced its node makes way: hands over, or takes no more writes. Pulumi's docker provider refuses to make a container whose name is taken, and
 * that is what a run leaves behind that is cut short before it has written down what it made. So what is there under the
 * name, and was never seen by a finished run, is stopped and put aside: nothing of the node is in it, for its files are in
 * the volume. The node's own resource (docker-node-implementation.ts) removes it, or takes it back if it was needed.
 */
export interface DockerPlaceInputs {
  readonly engine: EngineChoice
  /** Name of the container. */
  readonly container: string
  readonly stopTimeoutSeconds: number
  /** What is to run there, and the NameServers it registers with as they are reached from here. */
  readonly node: PlanNode
  readonly nameServers: readonly string[]
  /** The container's label specLabel: one that has another is about to be replaced. */
  readonly spec: string
  readonly readyTimeoutMs: number
  /** A volume to give to a user: for images that do not bring the folder along. */
  readonly volume?: { readonly name: string; readonly owner: string; readonly image: string }
}

export const dockerPlaceImplementation: Implementation<DockerPlaceInputs, DockerPlaceInputs> = {
  async diff(olds, news) {
    const replaces = olds.container === news.container ? [] : ['container']
    const engine = engineOf(news.engine)
    const inTheWay = await containerInTheWay(engine, news.container)
    const outdated = await outdatedContainer(engine, news)
    return { changes: !isSameValue(olds, news) || inTheWay !== undefined || outdated !== undefined, replaces }
  },
  async create(news) {
    // Whoever has no place is not known to have a container either: the state was lost.
    return { id: news.container, outs: await makeRoom(news, findContainer) }
  },
  async read(_, known) {
    return known
  },
  async update(olds, news) {
    if ((await outdatedContainer(engineOf(news.engine), news)) !== undefined) {
      const { nameServers, readyTimeoutMs: timeoutMs } = news
      // NameServers that are new do not know the node yet, and those that have gone know nothing any more.
      const lasting = nameServers.filter((address) => olds.nameServers?.includes(address) ?? true)
      await makeWay({ node: olds.node ?? news.node, nameServers: lasting, timeoutMs })
    }
    return makeRoom(news, containerInTheWay)
  },
  async delete({ engine: choice, container }) {
    const engine = engineOf(choice)
    for (const { Id } of await leftoversOf(engine, container)) await engine.ask('DELETE', `/containers/${Id}?force=1`)
  },
}

/** A container that runs and is going to be replaced: until it is, this is found again. */
async function outdatedContainer(
  engine: EngineClient,
  { container, spec }: Pick<DockerPlaceInputs, 'container' | 'spec'>,
): Promise<Container | undefined> {
  const found = await findContainer(engine, container)
  return found?.State.Running === true && found.Config.Labels?.[specLabel] !== spec ? found : undefined
}

/** A container of that name that no finished run has seen. */
async function containerInTheWay(engine: EngineClient, name: string): Promise<Container | undefined> {
  const found = await findContainer(engine, name)
  return found === undefined || (await isMarked(engine, found)) ? undefined : found
}

async function makeRoom(news: DockerPlaceInputs, find: typeof containerInTheWay): Promise<DockerPlaceInputs> {
  const engine = engineOf(news.engine)
  const found = await find(engine, news.container)
  if (found !== undefined) {
    if (found.Config.Labels?.[nodeLabel] === undefined) {
      throw new Error(`there is a container ${news.container} already, which gantry did not make: remove or rename it`)
    }
    await moveAside(engine, found, news.stopTimeoutSeconds)
  }
  if (news.volume !== undefined) await giveVolume(engine, news.volume)
  return news
}

/**
 * Makes a user the owner of a volume's top folder: by unpacking the folder, with that owner, into a container that is never
 * started.
 */
async function giveVolume(engine: EngineClient, { name, owner, image }: NonNullable<DockerPlaceInputs['volume']>) {
  const HostConfig = { Mounts: [{ Type: 'volume', Source: name, Target: containerDataDir }] }
  const json = { Image: image, Cmd: ['never-started'], HostConfig }
  const { Id } = await engine.ask<{ Id: string }>('POST', '/containers/create', { json })
  try {
    const [uid = 0, gid = 0] = owner.split(':').map(Number)
    const at = containerDataDir.lastIndexOf('/')
    const path = `${containerDataDir.slice(at + 1)}/`
    const tar = tarOf([{ path, content: { folderMode: 0o755, owner: { uid, gid } } }])
    await engine.ask('PUT', `/containers/${Id}/archive?path=${containerDataDir.slice(0, at)}`, { tar })
  } finally {
    await engine.ask('DELETE', `/containers/${Id}?force=1`)
  }
}
