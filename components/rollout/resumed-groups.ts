import type { LiveCluster } from './live-cluster.ts'
import { readNote, writeNote } from './route-notes.ts'
import { waitRoutesRenewed } from './routes.ts'

/** A group takes writes again from now on: clients hear of it a while later, also when this run is cut short. */
export const noteResumed = (cluster: LiveCluster, group: string): Promise<void> =>
  writeNote(cluster, 'resumed', group, group)

/**
 * Before a group is paused: waits until clients know one of `others` that take writes, the one that has done so for longest.
 * Those of which nothing is noted are as they were.
 */
export async function waitOtherKnown(
  cluster: LiveCluster,
  group: string,
  others: readonly string[],
  staleRouteMs: number | undefined,
): Promise<void> {
  const times: number[] = []
  for (const other of others) {
    const note = await readNote(cluster, 'resumed', other)
    if (note === undefined) return
    times.push(note.atMs)
  }
  await waitRoutesRenewed(cluster, { group, sinceMs: Math.min(...times) }, staleRouteMs)
}
