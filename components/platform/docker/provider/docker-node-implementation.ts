import type { Implementation } from '../../../dynamic/implementation.ts'
import { isSameValue } from '../../../dynamic/same-value.ts'
import { takePartAgain } from '../../../rollout/make-way.ts'
import { type AwaitedNode, waitUntilHealthy, whatIsMissingNow } from '../../health/wait-until-healthy.ts'
import { type Container, findContainer, lastWords } from '../engine/container-state.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { type EngineChoice, engineOf } from '../engine/engine-of.ts'
import { leftoversOf, mark, takeBack } from '../leftover-containers.ts'

export interface DockerNodeInputs extends AwaitedNode {
  readonly engine: EngineChoice
  /** Name and id of its container. */
  readonly container: string
  readonly containerId: string
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
    if (olds.containerId !== news.containerId) await takePartAgain({ node, nameServers, timeoutMs })
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
  if (!found.State.Running) await engine.ask('POST', `/containers/${containerId}/start`)
  await mark(engine, containerId)
  for (const { Id } of await leftoversOf(engine, name)) await engine.ask('DELETE', `/containers/${Id}?force=1`)
  const missing = await waitUntilHealthy(
    news,
    seldom(() => endOf(engine, news, found.RestartCount)),
  )
  if (missing === undefined) return { ...news, phase: 'healthy' }
  throw new Error(
    `${node.id} was not healthy after ${readyTimeoutMs / 1000} s: ${missing}. Its log: docker logs ${name}`,
  )
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
