import { createHash } from 'node:crypto'
import type { Implementation } from '../../../dynamic/implementation.ts'
import { isSameValue } from '../../../dynamic/same-value.ts'
import { isFixedMaster, type PlanNode } from '../../../plan/plan-node.ts'
import { changedKeys, liveSettings } from '../../../plan/rollout/node-settings.ts'
import { leaveMachine, makeWay } from '../../../rollout/make-way.ts'
import { ownController } from '../../../rollout/node-surroundings.ts'
import { placeForgotten, placeVacated } from '../../../rollout/places.ts'
import { untilPemsRead } from '../../../security/pems-read.ts'
import { isHeldUpByItsEnd } from '../../process/stop-signal.ts'
import { containerUsers } from '../container-args.ts'
import { type Container, findContainer } from '../engine/container-state.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { type EngineChoice, engineOf } from '../engine/engine-of.ts'
import type { NodeVolume } from '../engine/volume-files.ts'
import { isMarked, leftoversOf, moveAside, nodeLabel, specLabel } from '../leftover-containers.ts'
import { writePrivateFiles } from '../private-files.ts'
import { untilPortsFree } from '../sibling-ports.ts'
import { giveVolume, type OwnedVolume, removeOwnerContainer } from '../volume-owner.ts'

/**
 * Where a node's container is going to be. Before one is replaced its node makes way: hands over, or takes no more writes. When the
 * engine is another one, the container ends then, and its volume becomes the other user's. Pulumi's docker provider refuses to make a container whose name is taken, and
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
  /** Tells apart what other containers are needed for, besides the conf file. */
  readonly shape: string
  /** The conf file's text that the container is made with. Settings that were changed live since then are not in it. */
  readonly startedConf: string
  /** The container's label specLabel: one that has another is about to be replaced. See {@link specOf}. */
  readonly spec: string
  readonly readyTimeoutMs: number
  readonly staleRouteMs?: number
  /** The node's volume, which is its user's before the container is made. Left out in states of an earlier version. */
  readonly volume?: OwnedVolume
  /** The volume that its files go to, of a node with secrets. */
  readonly files?: NodeVolume
}

/** What tells containers apart that are started differently. The conf file, which may hold secrets, cannot be read from it. */
export const specOf = (shape: string, startedConf: string): string =>
  createHash('sha256')
    .update(JSON.stringify([shape, startedConf]))
    .digest('hex')

export const dockerPlaceImplementation: Implementation<DockerPlaceInputs, DockerPlaceInputs> = {
  problems(news, olds) {
    if (olds === undefined || typeof news.node !== 'object') return []
    return [...lostMaster(olds, news), ...foreignController(olds, news)].map((reason) => ({ property: 'node', reason }))
  },
  settle(news, olds) {
    // In a preview a node may not be known yet.
    if (olds === undefined || typeof news.node !== 'object' || !isKept(olds, news)) return news
    const { startedConf } = olds
    return { ...news, startedConf, spec: specOf(news.shape, startedConf) }
  },
  async diff(olds, news) {
    const replaces = olds.container === news.container ? [] : ['container']
    const engine = engineOf(news.engine)
    const inTheWay = await containerInTheWay(engine, news.container)
    const outdated = await outdatedContainer(engine, news)
    // With the container its volume, and the files in it, may have gone.
    const isLost = news.files !== undefined && (await findContainer(engine, news.container)) === undefined
    return { changes: !isSameValue(olds, news) || inTheWay !== undefined || outdated !== undefined || isLost, replaces }
  },
  async create(news) {
    // Whoever has no place is not known to have a container either: the state was lost.
    if ((await findContainer(engineOf(news.engine), news.container)) === undefined) await forgotten(news)
    return { id: news.container, outs: await makeRoom(news, findContainer) }
  },
  async read(_, known) {
    return known
  },
  async update(olds, news) {
    const isLeaving = changesHost(olds, news)
    const engine = engineOf(isLeaving ? olds.engine : news.engine)
    const outdated = await outdatedContainer(engine, news)
    let isKilled = false
    if (outdated !== undefined) {
      const { nameServers, readyTimeoutMs: timeoutMs, staleRouteMs } = news
      // NameServers that are new do not know the node yet, and those that have gone know nothing any more.
      const lasting = nameServers.filter((address) => olds.nameServers?.includes(address) ?? true)
      const before = olds.node ?? news.node
      const touched = { node: before, next: news.node, nameServers: lasting, timeoutMs, staleRouteMs }
      if (isLeaving) await leaveMachine(touched)
      else isKilled = (await makeWay(touched)) && isHeldUpByItsEnd(before)
    }
    if (isMoved(olds, news)) {
      await placeVacated(olds.node, news.nameServers)
      await forgotten(news)
    }
    const room = await makeRoom(news, containerInTheWay, isKilled)
    if (outdated === undefined && hasNewPems(olds, news)) await untilPemsRead()
    return room
  },
  async delete({ engine: choice, container, node, nameServers, volume }) {
    await placeVacated(node, nameServers)
    const engine = engineOf(choice)
    if (volume !== undefined) await removeOwnerContainer(engine, volume.name)
    for (const { Id } of await leftoversOf(engine, container)) await engine.ask('DELETE', `/containers/${Id}?force=1`)
  },
}

function lostMaster(olds: DockerPlaceInputs, news: DockerPlaceInputs): string[] {
  const { id, host } = news.node
  if (olds.node?.kind !== 'broker' || !isFixedMaster(olds.node) || !changesHost(olds, news)) return []
  return [
    `${id} is a master for good and cannot move from host ${olds.node.host} to ${host}: its volume stays, with messages that nobody else may have. Add a group there and take this one away, which drains it; or have controllers elect masters, and move the replicas then`,
  ]
}

/** Controllers keep what they agreed on in files of their engine. */
function foreignController(olds: DockerPlaceInputs, news: DockerPlaceInputs): string[] {
  const [before, then] = [olds.node?.engine, news.node.engine]
  if (before === undefined || before === then || ownController(news.node) === undefined) return []
  return [
    `${news.node.id} is a controller, and those of one quorum are of one engine, so that it cannot go from ${before} to ${then}. Set engine: ${then} in groups instead, or follow docs/upgrades.md`,
  ]
}

/** Whether the node is to show or to trust something else, which one that runs has to read first. */
const hasNewPems = (olds: DockerPlaceInputs, { node }: DockerPlaceInputs): boolean =>
  node.pems !== undefined && olds.node?.pems !== undefined && !isSameValue(olds.node.pems, node.pems)

const isMoved = ({ node: before }: DockerPlaceInputs, { node }: DockerPlaceInputs): boolean =>
  before.address !== node.address || before.port !== node.port

/** To another Docker host, where its volume is not. */
const changesHost = (olds: DockerPlaceInputs, news: DockerPlaceInputs): boolean =>
  olds.node?.host !== news.node.host && !isSameValue(olds.engine, news.engine)

/** Waits until no other container of ours has the ports, and nobody looks for another group there. */
async function forgotten({ engine, container, node, nameServers, readyTimeoutMs, staleRouteMs }: DockerPlaceInputs) {
  await untilPortsFree(engineOf(engine), container, node, readyTimeoutMs)
  await placeForgotten(node, nameServers, staleRouteMs)
}

/** Whether the container of before can stay: its conf file differs at most in what the node takes while it runs. */
function isKept(olds: DockerPlaceInputs, news: DockerPlaceInputs): boolean {
  // A state of an earlier version does not say.
  if (olds.startedConf === undefined || olds.shape !== news.shape || olds.container !== news.container) return false
  const [before, after] = [olds.node, news.node]
  if (before.confFile.text === after.confFile.text) return true
  if (after.kind === 'proxy') return false
  return changedKeys(before, after).length === 0 || liveSettings(before, after) !== undefined
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

async function makeRoom(
  news: DockerPlaceInputs,
  find: typeof containerInTheWay,
  isKilled = false,
): Promise<DockerPlaceInputs> {
  const engine = engineOf(news.engine)
  const found = await find(engine, news.container)
  if (found !== undefined) {
    if (found.Config.Labels?.[nodeLabel] === undefined) {
      throw new Error(`there is a container ${news.container} already, which gantry did not make: remove or rename it`)
    }
    await moveAside(engine, found, news.stopTimeoutSeconds)
  }
  await handVolumeOver(engine, news, isKilled)
  const { files, node, spec: madeFor, startedConf: text } = news
  if (files !== undefined) await writePrivateFiles(engine, files, node, { madeFor, text })
  return news
}

/** Those of the engines. A program may have given a container another one. */
const users: readonly string[] = Object.values(containerUsers)

/** Sees to it that the node's user has its volume: while the container of before runs it has, unless that is another engine's. */
async function handVolumeOver(engine: EngineClient, news: DockerPlaceInputs, isKilled: boolean): Promise<void> {
  const { container, stopTimeoutSeconds, volume, readyTimeoutMs } = news
  if (volume === undefined) return
  const found = await findContainer(engine, container)
  if (found?.State.Running === true) {
    const isOfAnother = found.Config.User !== volume.owner && users.includes(found.Config.User)
    if (!isOfAnother && !found.State.Restarting) return
    // Stopped at once it gets SIGKILL only, and Docker does not start it again as it would after a kill.
    await engine.ask('POST', `/containers/${found.Id}/stop?${isKilled ? 'signal=SIGKILL&' : ''}t=${stopTimeoutSeconds}`)
  }
  await giveVolume(engine, volume, readyTimeoutMs)
}
