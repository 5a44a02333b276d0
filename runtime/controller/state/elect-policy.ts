import { type BrokerGroup, replicaOf } from './broker-group.ts'
import type { ElectMaster } from './command.ts'
import type { ReplicaReport } from './replica-report.ts'

/** `waitsFor`: replicas whose life is not known yet and that may turn out to be the better choice. */
export type Verdict =
  | { readonly kind: 'keep' }
  | { readonly kind: 'elect'; readonly brokerId: number }
  | { readonly kind: 'nobody'; readonly waitsFor: readonly number[] }

/**
 * Who is to be master (source: DefaultElectPolicy): the one there is, as long as it is not gone and nobody else is
 * asked for; the designated one or nobody; else the living member of the SyncStateSet with the longest log, and with
 * enableElectUncleanMaster, when none of them lives, of all replicas. Beyond the original:
 *
 * - A controller that has just started does not take brokers it has not heard of yet for dead: it keeps such a master,
 *   and does not choose among the others before it knows which of them live.
 * - The very first master is the broker that asks, but not while another one is there that holds more: after a change
 *   from master-slave to controller mode the log would be cut to that of the broker that came first.
 */
export function decideElection(group: BrokerGroup, request: ElectMaster): Verdict {
  const { brokerId, isDesignated } = request
  if (group.masterEpoch === 0 && brokerId !== undefined) return first(group, request, brokerId)
  const wanted = isDesignated ? brokerId : undefined
  const verdict = among(group, request, group.syncStateSet, wanted)
  if (verdict.kind !== 'nobody' || verdict.waitsFor.length > 0 || !request.isUncleanAllowed) return verdict
  return among(
    group,
    request,
    group.replicas.map((replica) => replica.brokerId),
    wanted,
  )
}

function first(group: BrokerGroup, { reports, isDesignated }: ElectMaster, brokerId: number): Verdict {
  if (!replicaOf(group, brokerId)) return { kind: 'nobody', waitsFor: [] }
  const own = reports.find((report) => report.brokerId === brokerId)
  if (isDesignated || own?.life !== 'alive') return { kind: 'elect', brokerId }
  const best = living(group, reports).sort((a, b) => compareLogs(a, b) || compareAsked(a, b, brokerId))[0]!
  return { kind: 'elect', brokerId: best.brokerId }
}

function among(
  group: BrokerGroup,
  { reports, brokerId }: ElectMaster,
  candidates: readonly number[],
  wanted: number | undefined,
): Verdict {
  const { masterBrokerId } = group
  const known = reports.filter((report) => candidates.includes(report.brokerId))
  const isMasterThere = known.some((report) => report.brokerId === masterBrokerId && report.life !== 'gone')
  if (isMasterThere && (wanted === undefined || wanted === masterBrokerId)) return { kind: 'keep' }
  const alive = living(group, known)
  if (wanted !== undefined) {
    const isAlive = alive.some((report) => report.brokerId === wanted)
    return isAlive ? { kind: 'elect', brokerId: wanted } : { kind: 'nobody', waitsFor: [] }
  }
  const waitsFor = known.filter((report) => report.life === 'unheard').map((report) => report.brokerId)
  const [best] = alive.sort((a, b) => compareLogs(a, b) || a.priority - b.priority || compareAsked(a, b, brokerId))
  return best === undefined || waitsFor.length > 0
    ? { kind: 'nobody', waitsFor }
    : { kind: 'elect', brokerId: best.brokerId }
}

function living(group: BrokerGroup, reports: readonly ReplicaReport[]): ReplicaReport[] {
  return reports.filter((report) => report.life === 'alive' && replicaOf(group, report.brokerId))
}

/** The longer log first. A log with a later epoch has the more recent end, however long the other one is. */
function compareLogs(a: ReplicaReport, b: ReplicaReport): number {
  return b.epoch - a.epoch || b.maxOffset - a.maxOffset
}

/** Between equals the one that asked, then the lowest id: every controller must come to the same choice. */
function compareAsked(a: ReplicaReport, b: ReplicaReport, asked: number | undefined): number {
  if (a.brokerId === asked) return -1
  return b.brokerId === asked ? 1 : a.brokerId - b.brokerId
}
