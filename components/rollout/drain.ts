import { MASTER_ID } from '../../runtime/codec/route/route-data.ts'
import { backlogOf, notBegunOn } from './backlog.ts'
import { runtimeInfo } from './catch-up.ts'
import type { LiveCluster } from './live-cluster.ts'
import { brokerGroups, fromNameServers, type GroupMembers, staleRouteMsDefault } from './routes.ts'
import { pause } from './waiting.ts'
import { stopWrites } from './write-permission.ts'

export interface DrainRequest {
  readonly group: string
  /** From when on the group is given up although something is left. */
  readonly deadlineMs: number
  /**
   * How long clients may go on with routes they have: pollNameServerInterval of official clients, and a little. Writes that
   * come with an old route are served, and waited for.
   */
  readonly staleRouteMs?: number | undefined
}

/** What a drained group still held when it was given up. */
export interface DrainReport {
  readonly drained: boolean
  /** In words, one entry per consumer group and topic, and for what is not due yet. Empty when drained. */
  readonly left: readonly string[]
}

/** Until routes say so. */
const routeTimeoutMs = 30_000
const pollMs = 500

/**
 * Takes the write permission of a group away for good, then waits until every consumer group has consumed what is there:
 * retries, delayed messages when they are due, transactions when they are settled. Done again it goes on waiting. A group
 * without a master that answers counts as not drained.
 */
export async function drainGroup(cluster: LiveCluster, request: DrainRequest): Promise<DrainReport> {
  const { group, deadlineMs, staleRouteMs = staleRouteMsDefault } = request
  const { clock } = cluster
  const startedMs = clock.monotonic()
  const readOnly = new Set(await stopWrites(cluster, { group, timeoutMs: routeTimeoutMs }))
  if (readOnly.size === 0) return { drained: false, left: [`no NameServer knows a broker of ${group}`] }
  let routedMs = clock.monotonic()
  const look = async (): Promise<string[]> => {
    const groups = await knownGroups(cluster)
    // A broker that was down then has come back with its permission, and takes messages.
    if ([...(groups.get(group)?.values() ?? [])].some((address) => !readOnly.has(address))) {
      for (const address of await stopWrites(cluster, { group, timeoutMs: routeTimeoutMs })) readOnly.add(address)
      routedMs = clock.monotonic()
    }
    return leftOn(cluster, group, groups)
  }
  let told = ''
  for (;;) {
    const left = await look().catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
    const now = clock.monotonic()
    const isStale = now - routedMs < staleRouteMs
    if (left.length === 0 && !isStale) return { drained: true, left: [] }
    if (now - startedMs >= deadlineMs) {
      return left.length > 0
        ? { drained: false, left }
        : { drained: false, left: [`clients may send by old routes for another ${staleRouteMs - (now - routedMs)} ms`] }
    }
    const waitsFor = left.length === 0 ? 'clients that have old routes' : left.join('; ')
    if (waitsFor !== told) cluster.tell?.(`${group} is drained: ${waitsFor}`)
    told = waitsFor
    await pause(clock, pollMs)
  }
}

/** As the first NameServer that answers knows them. */
async function knownGroups(cluster: LiveCluster): Promise<ReadonlyMap<string, GroupMembers>> {
  const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
  return [...answers.values()][0] ?? new Map()
}

/** What is not consumed yet, in words. */
async function leftOn(
  cluster: LiveCluster,
  group: string,
  groups: ReadonlyMap<string, GroupMembers>,
): Promise<string[]> {
  const master = groups.get(group)?.get(MASTER_ID)
  if (master === undefined) return [`${group} has no master at the moment`]
  const left = [...(await backlogOf(cluster, master)), ...notDue(await runtimeInfo(cluster, master))]
  if (left.length > 0) return left
  const others = [...groups].flatMap(([name, members]) => (name === group ? [] : (members.get(MASTER_ID) ?? [])))
  return [...(await notBegunOn(cluster, master, others))]
}

/** Messages that wait for their time: `offset,end` per delay level, and Apache's timer wheel. */
function notDue(info: ReadonlyMap<string, string>): string[] {
  const left: string[] = []
  for (const [key, value] of info) {
    const [, level] = /^scheduleMessageOffset_(\d+)$/.exec(key) ?? []
    if (level === undefined) continue
    const [offset = 0, end = 0] = value.split(',').map(Number)
    if (end > offset) left.push(`delay level ${level}: ${end - offset}`)
  }
  const onWheel = Number(info.get('timerCongestNum') ?? 0) + Number(info.get('timerOffsetBehind') ?? 0)
  if (onWheel > 0) left.push(`messages with a delivery time: ${onWheel}`)
  return left
}
