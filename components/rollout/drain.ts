import { MASTER_ID } from '../../runtime/codec/route/route-data.ts'
import { backlogOf, notBegunOn } from './backlog.ts'
import { runtimeInfo } from './catch-up.ts'
import type { LiveCluster } from './live-cluster.ts'
import { PoppedMessages } from './popped-messages.ts'
import { brokerGroups, fromNameServers, type GroupMembers, isRoutedForWrites, staleRouteMsDefault } from './routes.ts'
import { pause } from './waiting.ts'
import { takeWrites } from './write-permission.ts'

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

const pollMs = 500

/**
 * Takes the write permission of a group away for good, then waits until every consumer group has consumed what is there:
 * retries, delayed messages when they are due, transactions when they are settled, popped messages that come again. A broker that has
 * the permission again loses it again. Done again it goes on waiting. A group without a master that answers counts as not drained.
 */
export async function drainGroup(cluster: LiveCluster, request: DrainRequest): Promise<DrainReport> {
  const { group, deadlineMs, staleRouteMs = staleRouteMsDefault } = request
  const { clock } = cluster
  const startedMs = clock.monotonic()
  if ((await knownOf(cluster, group)).addresses.size === 0) {
    return { drained: false, left: [`no NameServer knows a broker of ${group}`] }
  }
  const drain = new Drain(cluster, group)
  let told = ''
  for (;;) {
    const left = await drain.look().catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
    const now = clock.monotonic()
    const staleMs = staleRouteMs - (now - drain.writableMs)
    if (left.length === 0 && staleMs <= 0) return { drained: true, left: [] }
    if (now - startedMs >= deadlineMs) {
      const stale = staleMs > 0 ? [`clients may send by old routes for another ${staleMs} ms`] : []
      return { drained: false, left: [...(left.length > 0 ? left : stale), ...drain.writesAgain] }
    }
    const waitsFor = left.length === 0 ? 'clients that have old routes' : left.join('; ')
    if (waitsFor !== told) cluster.tell?.(`${group} is drained: ${waitsFor}`)
    told = waitsFor
    await pause(clock, pollMs)
  }
}

/** A group that is drained, as one sees it who looks again and again. */
class Drain {
  readonly #cluster: LiveCluster
  readonly #group: string
  readonly #popped: PoppedMessages
  /** How often each broker lost its permission, by address. */
  readonly #taken = new Map<string, number>()
  /** When clients could last come to know the group as one that takes writes. */
  writableMs: number

  constructor(cluster: LiveCluster, group: string) {
    this.#cluster = cluster
    this.#group = group
    this.#popped = new PoppedMessages(cluster)
    this.writableMs = cluster.clock.monotonic()
  }

  /** Brokers that had the permission again after they had lost it, in words. */
  get writesAgain(): string[] {
    return [...this.#taken].flatMap(([broker, times]) => {
      return times > 1 ? [`${broker} took writes again, and was stopped from it ${times - 1} times`] : []
    })
  }

  /** Takes the permission from whoever has it. @returns what is left, in words */
  async look(): Promise<string[]> {
    const [cluster, group] = [this.#cluster, this.#group]
    const { addresses, groups } = await knownOf(cluster, group)
    const { taken, unknown } = await takeWrites(cluster, addresses)
    for (const broker of taken) this.#count(broker)
    const routing = await this.#routing()
    if (taken.length > 0 || routing.length > 0) this.writableMs = cluster.clock.monotonic()
    return [...unknown, ...routing, ...(await leftOn(cluster, this.#popped, group, groups))]
  }

  /**
   * A container that Docker has started again has the permission that its variable says, somebody may have given it back, and
   * a broker that was killed as it was told may have kept nothing.
   */
  #count(broker: string): void {
    const before = this.#taken.get(broker) ?? 0
    this.#taken.set(broker, before + 1)
    if (before === 0) return
    const why = 'it was started again, or somebody gave it its permission back'
    this.#cluster.tell?.(`${this.#group} is drained: ${broker} took writes again, which it does no more; ${why}`)
  }

  /** NameServers that send writes to it, in words. */
  async #routing(): Promise<string[]> {
    const [cluster, group] = [this.#cluster, this.#group]
    const answers = await fromNameServers(cluster, (nameServer) => isRoutedForWrites(cluster, nameServer, group))
    return [...answers].flatMap(([nameServer, isRouted]) =>
      isRouted === true ? [`NameServer ${nameServer} still sends writes to ${group}`] : [],
    )
  }
}

/** Brokers of the group that any NameServer knows, and all groups as the first one knows them that answers. */
async function knownOf(cluster: LiveCluster, group: string) {
  const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
  const addresses = new Set([...answers.values()].flatMap((known) => [...(known.get(group)?.values() ?? [])]))
  const groups: ReadonlyMap<string, GroupMembers> = [...answers.values()][0] ?? new Map()
  return { addresses, groups }
}

/** What is not consumed yet, in words. */
async function leftOn(
  cluster: LiveCluster,
  popped: PoppedMessages,
  group: string,
  groups: ReadonlyMap<string, GroupMembers>,
): Promise<string[]> {
  const master = groups.get(group)?.get(MASTER_ID)
  if (master === undefined) return [`${group} has no master at the moment`]
  const left = [
    ...(await backlogOf(cluster, master)),
    ...notDue(await runtimeInfo(cluster, master)),
    ...(await popped.onTheirWay(master)),
  ]
  if (left.length > 0) return left
  const again = await popped.comeAgain(master)
  if (again.length > 0) return again
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
    if (end > offset) left.push(`messages that wait for delay level ${level}: ${end - offset}`)
  }
  const onWheel = Number(info.get('timerCongestNum') ?? 0) + Number(info.get('timerOffsetBehind') ?? 0)
  if (onWheel > 0) left.push(`messages that wait for their time, or were popped and not acknowledged: ${onWheel}`)
  return left
}
