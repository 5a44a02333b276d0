import type { Engine } from '../plan/plan-node.ts'
import { type HandOverOutcome, type HandOverRequest, handOver } from './hand-over.ts'
import type { LiveCluster } from './live-cluster.ts'
import { eraseNote, readNote, writeNote } from './route-notes.ts'
import { waitRoutesRenewed } from './routes.ts'

/**
 * Before an elected broker is stopped: another one is master, and clients have asked for routes again since; until then this one
 * passes on what they send. One of Apache's does not: where one of ours takes its place, which does, the sooner it comes
 * the better. Cut short and done again it waits for what is left of that time.
 * @param request.next what is to run in its place
 * @throws RolloutWaitError: then it must not be stopped
 */
export async function stepDown(
  cluster: LiveCluster,
  request: HandOverRequest & { readonly next?: Engine | undefined },
  staleRouteMs: number | undefined,
): Promise<HandOverOutcome> {
  const { group, avoid, engine, next } = request
  const note = () => writeNote(cluster, 'handedOver', avoid, group)
  const outcome = await handOver(cluster, { ...request, staleRouteMs, beforeElection: note })
  const isAwaited = engine === 'apache' && next !== undefined && next !== 'apache'
  if (outcome === 'handed over' && !isAwaited) {
    await note()
    await waitRoutesRenewed(cluster, { group }, staleRouteMs)
  } else if (outcome === 'not master' && !isAwaited) {
    const noted = await readNote(cluster, 'handedOver', avoid)
    if (noted === undefined) return outcome
    await waitRoutesRenewed(cluster, { group, sinceMs: noted.atMs }, staleRouteMs)
  } else if (outcome === 'alone' || outcome === 'absent') return outcome
  await eraseNote(cluster, 'handedOver', avoid)
  return outcome
}
