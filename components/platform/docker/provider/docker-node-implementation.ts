import type { Implementation } from '../../../dynamic/implementation.ts'
import { isSameValue } from '../../../dynamic/same-value.ts'
import { containerDataDir } from '../../../plan/docker-hosts.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { takePartAgain } from '../../../rollout/make-way.ts'
import { placeVacated } from '../../../rollout/places.ts'
import { type AwaitedNode, waitUntilHealthy, whatIsMissingNow } from '../../health/wait-until-healthy.ts'
import { containerUsers } from '../container-args.ts'
import { type Container, findContainer, lastWords } from '../engine/container-state.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { type EngineChoice, engineOf } from '../engine/engine-of.ts'
import { leftoversOf, mark, takeBack } from '../leftover-containers.ts'
import { keepConf, tellSettings } from '../live-settings.ts'
import { giveVolume } from '../volume-owner.ts'

export interface DockerNodeInputs extends AwaitedNode {
  readonly engine: EngineChoice
  /** Name and id of its container. */
  readonly container: string
  readonly containerId: string
  /** The conf file's text that the container was made with. */
  readonly startedConf: string
}

export interface DockerNodeOutputs extends DockerNodeInputs {
  readonly phase: 'healthy' | 'unhealthy' | 'stopped'
}

const callsPerQuestion = 10

/**
 * A node that does its work in its container: it stands for "registered with every NameServer, a slave in sync". The
 * container is made by Pulumi's docker provider, for which a container that runs is one that works.
 */
export const dockerNodeImplementation: Implementation<DockerNodeInputs, DockerNodeOutputs> = {
  async diff({ phase, ...olds }, news) {
    const changed = phase !== 'healthy' || !isSameValue(olds, news)
    return { changes: changed || (await whatIsMissingNow(news)) !== undefined, replaces: [] }
  },
  async create(news) {
    return { id: news.container, outs: await bringUp(news) }
  },
  async read(_, known) {
    const container = await findContainer(engineOf(known.engine), known.containerId)
    if (container === undefined) return undefined
    if (!container.State.Running) return { ...known, phase: 'stopped' }
    const missing = await whatIsMissingNow(known)
    if (missing !== undefined) console.warn(`${known.node.id}: ${missing}`)
    return { ...known, phase: missing === undefined ? 'healthy' : 'unhealthy' }
  },
  async update(olds, news) {
    const made = await bringUp(news)
    const { node, nameServers, readyTimeoutMs: timeoutMs } = news
    if (olds.containerId === news.containerId) return made
    // Again, for its former container has gone only now.
    if (olds.address !== news.address) await placeVacated(olds.node, nameServers)
    await takePartAgain({ node, nameServers, timeoutMs })
    return made
  },
  /** Its container is deleted by the provider, in good order. */
  async delete() {},
}

/** Sees to it that the container runs under its name, and waits until the node is healthy. */
async function bringUp(news: DockerNodeInputs): Promise<DockerNodeOutputs> {
  const { node, container: name, containerId, readyTimeoutMs } = news
  const engine = engineOf(news.engine)
  const found = await findContainer(engine, containerId)
  if (found === undefined) {
    throw new Error(`the container of ${node.id} is gone from the Docker host: run "pulumi up --refresh"`)
  }
  if (found.Name !== `/${name}`) await takeBack(engine, found, name)
  const running = { engine, containerId, node, address: news.address, startedConf: news.startedConf }
  await keepConf(running)
  if (!found.State.Running) {
    await giveOwnVolume(engine, found, node, readyTimeoutMs)
    await engine.ask('POST', `/containers/${containerId}/start`)
  }
  await mark(engine, containerId)
  for (const { Id } of await leftoversOf(engine, name)) await engine.ask('DELETE', `/containers/${Id}?force=1`)
  const ended = seldom(() => endOf(engine, news, found.RestartCount))
  await tellSettings(running, readyTimeoutMs, ended)
  const missing = await waitUntilHealthy(news, ended)
  if (missing === undefined) return { ...news, phase: 'healthy' }
  throw new Error(
    `${node.id} was not healthy after ${readyTimeoutMs / 1000} s: ${missing}. Its log: docker logs ${name}`,
  )
}

/** A container that was stopped may have been so for another engine, which got its volume: a run that was cut short, or taken back. */
async function giveOwnVolume(
  engine: EngineClient,
  { Image, Config, Mounts }: Container,
  node: PlanNode,
  timeoutMs: number,
): Promise<void> {
  const name = Mounts.find(({ Destination }) => Destination === containerDataDir)?.Name
  const owner = containerUsers[node.engine]
  // A program may have given it another user, or a folder of the host.
  if (name === undefined || name === '' || Config.User !== owner) return
  await giveVolume(engine, { name, owner, image: Image, engine: node.engine }, timeoutMs)
}

/** The engine may be far away and is not asked as often as the node. */
function seldom(ask: () => Promise<string | undefined>): () => Promise<string | undefined> {
  let calls = 0
  return async () => (calls++ % callsPerQuestion === 0 ? ask() : undefined)
}

/** How the node ended, if it has since then: one that Docker starts again and again never gets anywhere. */
async function endOf(engine: EngineClient, news: DockerNodeInputs, restarts: number): Promise<string | undefined> {
  const now = await findContainer(engine, news.containerId)
  if (now !== undefined && !hasEnded(now, restarts)) return undefined
  const { id } = news.node
  if (now === undefined) return `the container of ${id} was removed while it started`
  const { ExitCode, Error: refusal } = now.State
  const how = refusal === '' ? `exit code ${ExitCode}` : refusal
  return `${id} ended while starting (${how}): ${await lastWords(engine, now.Id)}. Its log: docker logs ${news.container}`
}

const hasEnded = ({ State, RestartCount }: Container, restarts: number): boolean =>
  RestartCount > restarts || (!State.Running && !State.Restarting)
