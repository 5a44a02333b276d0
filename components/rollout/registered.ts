import type { LiveCluster } from './live-cluster.ts'
import { brokerGroups, fromNameServers } from './routes.ts'
import { waitUntil } from './waiting.ts'

/** Brokers register every 30 s, whatever happens. */
const registeredWithinMs = 60_000

/**
 * Waits until every NameServer that answers knows a broker that runs. One that has just been restarted knows nobody: whoever
 * asked it now would find a cluster without groups, where nothing has to be handed over or paused. A broker that does not
 * run is not waited for; nor is one for long that does not come, since it may be touched because of just that.
 */
export async function waitRegistered(
  cluster: LiveCluster,
  { group, address, timeoutMs }: { readonly group: string; readonly address: string; readonly timeoutMs: number },
): Promise<void> {
  if (cluster.nameServers.length === 0 || !(await runs(cluster, address))) return
  const limitMs = Math.min(timeoutMs, registeredWithinMs)
  try {
    await waitUntil(cluster, `${address} is registered with the NameServers`, limitMs, async () => {
      const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
      const lacking = [...answers].flatMap(([nameServer, groups]) =>
        [...(groups.get(group)?.values() ?? [])].includes(address) ? [] : [nameServer],
      )
      return lacking.length === 0 ? undefined : `${lacking.join(', ')} does not know it`
    })
  } catch (error) {
    cluster.tell?.(error instanceof Error ? error.message : String(error))
  }
}

async function runs({ asker }: LiveCluster, address: string): Promise<boolean> {
  try {
    await asker.connect(address)
    return true
  } catch {
    // That is the answer.
    return false
  }
}
