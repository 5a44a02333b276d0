import { liveConf, liveConfPath } from '../../../runtime/bin/live-conf.ts'
import { InvocationError } from '../../../runtime/net/pending-invocations.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { liveSettings } from '../../plan/rollout/node-settings.ts'
import { changeLive } from '../../rollout/live-change.ts'
import { withLiveCluster } from '../../rollout/live-cluster.ts'
import { waitUntil } from '../../rollout/waiting.ts'
import { containerUsers } from './container-args.ts'
import { readContainerFile } from './engine/container-file.ts'
import type { EngineClient } from './engine/engine-client.ts'
import { tarOf } from './engine/tar.ts'

/*
 * A container's variables, the conf file among them, are fixed. What is changed while it runs is kept in a file of the volume,
 * for the next start, and told to the node, which puts it into its conf file.
 */

interface RunningContainer {
  readonly engine: EngineClient
  readonly containerId: string
  readonly node: PlanNode
  /** `host:port` where the node is asked. */
  readonly address: string
  /** The conf file's text that the container was made with. */
  readonly startedConf: string
}

/** The next start of the container is with the node's conf file, whatever the container was made with. */
export async function keepConf({ engine, containerId, node, startedConf }: RunningContainer): Promise<void> {
  const path = liveConfPath(node.confFile.path)
  const at = path.lastIndexOf('/')
  const [uid = 0, gid = 0] = containerUsers[node.engine].split(':').map(Number)
  const content = { text: liveConf(startedConf, node.confFile.text), mode: 0o600, owner: { uid, gid } }
  const tar = tarOf([{ path: path.slice(at + 1), content }])
  await engine.ask('PUT', `/containers/${containerId}/archive?path=${path.slice(0, at)}`, { tar })
}

/**
 * Tells a node that runs what it has otherwise: as its container was made, or by now, according to its own conf file. A node that
 * is just starting is told when it answers.
 * @param ended tells how its container ended, if it has
 * @throws AdminError when it refuses, RolloutWaitError when it does not answer, Error with what `ended` tells
 */
export async function tellSettings(
  running: RunningContainer,
  timeoutMs: number,
  ended: () => Promise<string | undefined>,
): Promise<void> {
  const { engine, containerId, node, address, startedConf } = running
  const { path } = node.confFile
  const found = await readContainerFile(engine, containerId, path)
  const withText = (text: string): PlanNode => ({ ...node, confFile: { path, text } })
  const settings = liveSettings(withText(found ?? startedConf), node)
  if (settings === undefined) return
  console.info(`${node.id}: ${Object.keys(settings).join(', ')} changed without a restart`)
  await withLiveCluster({ cluster: '', nameServers: [], controllers: [] }, async (cluster) => {
    let refusal: unknown
    await waitUntil(cluster, `${node.id} answers`, timeoutMs, async () => {
      try {
        await changeLive(cluster, node, address, settings)
      } catch (error) {
        const end = error instanceof InvocationError ? await ended() : undefined
        if (error instanceof InvocationError && end === undefined) throw error
        refusal = end === undefined ? error : new Error(end)
      }
      return undefined
    })
    if (refusal !== undefined) throw refusal
  })
}
