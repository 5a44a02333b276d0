import { fetchBrokerConfig } from '../../runtime/admin/metadata.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { MASTER_ID, PERM_READ, PERM_WRITE } from '../../runtime/codec/route/route-data.ts'
import { waitCaughtUp } from './catch-up.ts'
import type { LiveCluster } from './live-cluster.ts'
import { adminOf } from './metadata-tables.ts'
import { fromNameServers, isRoutedForWrites, membersOf } from './routes.ts'
import { waitUntil } from './waiting.ts'

/*
 * Both engines keep `brokerPermission` in the conf file, tell every NameServer of it at once and mask the permissions of all
 * their topics with it, those of topics made later as well. A NameServer's own WIPE_WRITE_PERM_OF_BROKER is gone with the
 * next registration, and with a restart of either. A container's conf file comes from its variable, though, and one that Docker
 * starts again by itself has the permission that its variable says. Producers turn to other groups when they see the new route; those that
 * have not yet are still served, so none of them fails.
 */

export interface WriteSwitch {
  readonly group: string
  readonly timeoutMs: number
}

async function setPermission({ asker }: LiveCluster, broker: string, permission: number): Promise<void> {
  const body = Buffer.from(`brokerPermission=${permission}\n`)
  await asker.ask(broker, { code: RequestCode.UPDATE_BROKER_CONFIG, body })
}

/** Waits until every NameServer says the same of a group. */
async function waitRoutes(cluster: LiveCluster, { group, timeoutMs }: WriteSwitch, writes: boolean): Promise<void> {
  const what = `routes send ${writes ? 'writes' : 'no writes'} to ${group}`
  await waitUntil(cluster, what, timeoutMs, async () => {
    const answers = await fromNameServers(cluster, (nameServer) => isRoutedForWrites(cluster, nameServer, group))
    // A NameServer that does not know the group routes nothing to it.
    const other = [...answers].find(([, isRouted]) => (isRouted ?? false) !== writes)
    return other === undefined ? undefined : `NameServer ${other[0]} says otherwise`
  })
}

/** What became of brokers that shall take no writes, `host:port` each. */
export interface TakenWrites {
  /** They had the permission until now. */
  readonly taken: readonly string[]
  /** They did not say whether they have it, or did not give it away, and why: in words. */
  readonly unknown: readonly string[]
}

/**
 * Takes the write permission from those brokers that have it, be they master or not: each may become so. Does not wait for
 * routes.
 * @param brokers `host:port` each
 */
export async function takeWrites(cluster: LiveCluster, brokers: Iterable<string>): Promise<TakenWrites> {
  const taken: string[] = []
  const unknown: string[] = []
  for (const broker of brokers) {
    try {
      const permission = (await fetchBrokerConfig(adminOf(cluster), broker)).get('brokerPermission')
      if (permission === undefined) throw new Error('its configuration has no brokerPermission')
      if ((Number(permission) & PERM_WRITE) === 0) continue
      await setPermission(cluster, broker, PERM_READ)
      taken.push(broker)
    } catch (error) {
      unknown.push(`whether ${broker} takes writes is not known: ${error instanceof Error ? error.message : error}`)
    }
  }
  return { taken, unknown }
}

/**
 * A fixed master takes no more writes: routes say so, and its slaves hold everything. Slaves that the NameServers do not know
 * are not waited for, nor those that nobody reaches: NameServers know a machine that has died for two minutes more. Whoever is to
 * take the master's place is waited for by the step itself.
 * @param request.master `host:port`
 */
export async function pauseWrites(
  cluster: LiveCluster,
  request: WriteSwitch & { readonly master: string },
): Promise<void> {
  const { group, master, timeoutMs } = request
  // While writes go on: a machine that has died lets one wait for as long as a connection may take.
  const unreached = await unreachedSlaves(cluster, group)
  await setPermission(cluster, master, PERM_READ)
  await waitRoutes(cluster, request, false)
  for (const address of await slavesOf(cluster, group)) {
    if (!unreached.has(address)) await waitCaughtUp(cluster, { group, address, timeoutMs })
  }
}

async function slavesOf(cluster: LiveCluster, group: string): Promise<string[]> {
  return [...(await membersOf(cluster, group))].flatMap(([id, address]) => (id === MASTER_ID ? [] : [address]))
}

async function unreachedSlaves(cluster: LiveCluster, group: string): Promise<ReadonlySet<string>> {
  const slaves = await slavesOf(cluster, group)
  const reached = await Promise.all(slaves.map((address) => isReached(cluster, address)))
  return new Set(slaves.filter((_, index) => !reached[index]))
}

async function isReached({ asker, tell }: LiveCluster, address: string): Promise<boolean> {
  try {
    await asker.connect(address)
    return true
  } catch (error) {
    tell?.(`nobody reaches the slave ${address}, which is not waited for: ${(error as Error).message}`)
    return false
  }
}

/**
 * Gives the permission back that the configuration says, 6 if it says nothing, and waits until routes say so.
 * @param request.master `host:port`
 */
export async function resumeWrites(
  cluster: LiveCluster,
  request: WriteSwitch & { readonly master: string; readonly permission?: number },
): Promise<void> {
  const { master, permission = PERM_READ | PERM_WRITE } = request
  await setPermission(cluster, master, permission)
  if ((permission & PERM_WRITE) !== 0) await waitRoutes(cluster, request, true)
}
