import type { BrokerNode, PlanNode } from '../plan/plan-node.ts'
import { placeOf, strangerAt } from '../plan/rollout/known-to-clients.ts'
import { type LiveCluster, withLiveCluster } from './live-cluster.ts'
import { clusterAround } from './node-surroundings.ts'
import { eraseNote, readNote, writeNote } from './route-notes.ts'
import { waitRoutesRenewed } from './routes.ts'

/** A broker has left its place for good: clients may look for its group there for a while. Of other nodes nothing is kept. */
export async function placeVacated(node: PlanNode, nameServers: readonly string[]): Promise<void> {
  if (node.kind !== 'broker') return
  await withLiveCluster(clusterAround(node, nameServers), (cluster) => noteVacated(cluster, node))
}

/** @param node the one that has left */
export const noteVacated = (cluster: LiveCluster, node: BrokerNode): Promise<void> =>
  writeNote(cluster, 'vacated', placeOf(node), node.group)

/**
 * Before a broker comes to a place that it does not have: where one of another group was, it waits until no client looks for that
 * one there.
 */
export async function placeForgotten(
  node: PlanNode,
  nameServers: readonly string[],
  staleRouteMs: number | undefined,
): Promise<void> {
  if (node.kind !== 'broker') return
  const tell = (text: string) => console.info(`${node.id}: ${text}`)
  await withLiveCluster(clusterAround(node, nameServers), (cluster) => waitForgotten(cluster, node, staleRouteMs), tell)
}

/** See {@link placeForgotten}. */
export async function waitForgotten(
  cluster: LiveCluster,
  node: BrokerNode,
  staleRouteMs: number | undefined,
): Promise<void> {
  const place = placeOf(node)
  const note = await readNote(cluster, 'vacated', place)
  if (note === undefined) return
  const stranger = strangerAt(new Map([[place, note.group]]), node)
  if (stranger !== undefined) {
    await waitRoutesRenewed(cluster, { group: stranger, sinceMs: note.atMs }, staleRouteMs)
  }
  await eraseNote(cluster, 'vacated', place)
}
