import { type HandOverRequest, handOver } from './hand-over.ts'
import type { LiveCluster } from './live-cluster.ts'
import { eraseNote, readNote, writeNote } from './route-notes.ts'
import { waitRoutesRenewed } from './routes.ts'

/**
 * Before an elected broker is stopped: another one is master, and clients have asked for routes again since; until then this one
 * passes on what they send. Cut short and done again it waits for what is left of that time.
 * @throws RolloutWaitError: then it must not be stopped
 */
export async function stepDown(
  cluster: LiveCluster,
  request: HandOverRequest,
  staleRouteMs: number | undefined,
): Promise<void> {
  const { group, avoid } = request
  const note = () => writeNote(cluster, 'handedOver', avoid, group)
  const outcome = await handOver(cluster, { ...request, staleRouteMs, beforeElection: note })
  if (outcome === 'handed over') {
    await note()
    await waitRoutesRenewed(cluster, { group }, staleRouteMs)
  } else if (outcome !== 'led over') {
    const noted = outcome === 'not master' ? await readNote(cluster, 'handedOver', avoid) : undefined
    if (noted === undefined) return
    await waitRoutesRenewed(cluster, { group, sinceMs: noted.atMs }, staleRouteMs)
  }
  await eraseNote(cluster, 'handedOver', avoid)
}
