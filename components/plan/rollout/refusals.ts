import type { Plan } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { securityRefusals } from '../security/security-change.ts'
import { type ControllerMember, controllersOf } from './controller-members.ts'
import { brokersOf, type GroupChange, isElected } from './group-change.ts'
import { changedKeys, settingsOf } from './node-settings.ts'
import { cutQueues } from './provision-step.ts'
import type { RolloutRefusal } from './rollout.ts'

const otherName = (running: Plan, wanted: Plan): RolloutRefusal[] => {
  if (running.cluster === wanted.cluster) return []
  const reason =
    `the cluster ${running.cluster} cannot be called ${wanted.cluster} while it runs: its brokers would be of two clusters ` +
    'in between, and controllers refuse those of another one'
  return [{ path: 'name', reason }]
}

const addressesOf = ({ nodes }: Plan): string[] =>
  nodes.flatMap((node) => (node.kind === 'nameServer' ? [`${node.advertisedAddress}:${node.port}`] : []))

/** Clients keep the list they were started with. */
const lostNameServers = (running: Plan, wanted: Plan): RolloutRefusal[] => {
  const then = new Set(addressesOf(wanted))
  if (addressesOf(running).some((address) => then.has(address))) return []
  const reason =
    `none of the NameServers that clients know (${running.namesrvAddr}) stays. Add the new ones first, give clients ` +
    `NAMESRV_ADDR=${wanted.namesrvAddr}, then remove the old ones; or allow it, when clients have both by now`
  return [{ path: 'nameServers', reason, allow: 'nameServerAddresses' }]
}

const engineOf = (plan: Plan) => [...controllersOf(plan).values()][0]?.node.engine

const peersOf = ({ node }: ControllerMember): string => settingsOf(node).get('controllerDLegerPeers') ?? ''

/** Apache's controllers have their members from their conf files. */
const hasOtherPeers = (before: ReadonlyMap<string, ControllerMember>, after: ReadonlyMap<string, ControllerMember>) =>
  [...before.values()].some((member) => {
    const then = after.get(member.id)
    return then === undefined || peersOf(then) !== peersOf(member) || then.node.dataDir !== member.node.dataDir
  })

const controllerRefusals = (running: Plan, wanted: Plan): RolloutRefusal[] => {
  const [before, after] = [controllersOf(running), controllersOf(wanted)]
  if (before.size === 0) return []
  if (after.size === 0) {
    const reason =
      'a group cannot go back to a fixed master while it runs: docs/upgrades.md says how to do it with the group stopped'
    return [{ path: 'controllers', reason }]
  }
  const [from, to] = [engineOf(running), engineOf(wanted)]
  if (from !== to) {
    const reason =
      `controllers of one quorum are of one engine, so that they cannot go from ${from} to ${to} one by one. Set engine: ` +
      `${to} in groups instead, or follow docs/upgrades.md`
    return [{ path: 'engine', reason }]
  }
  if (from === 'apache' && hasOtherPeers(before, after)) {
    const reason = "Apache's controllers take their members from the conf file alone: they cannot change while they run"
    return [{ path: 'controllers.replicas', reason }]
  }
  const [lone] = before.values()
  const then = lone === undefined ? undefined : after.get(lone.id)
  const isMoved =
    then?.address !== lone?.address || then?.node.id !== lone?.node.id || then?.node.dataDir !== lone?.node.dataDir
  if (before.size === 1 && after.size === 1 && isMoved) {
    const reason =
      'the only controller cannot move: what it knows would stay behind. Go to 3 controllers, move, then back to 1'
    return [{ path: 'controllers', reason }]
  }
  return []
}

/** Settings that say where files are and what they look like: a store that runs has its files already. */
const storeKeys = /^(storePath(?!RootDir).*|mappedFileSize\w+|storeType|\w*RocksDB\w*|enableDLegerCommitLog)$/

const storeRefusals = (group: GroupChange): RolloutRefusal[] =>
  [...group.restarts, ...group.live].flatMap(({ from, node }) => {
    const keys = changedKeys(from, node).filter((key) => storeKeys.test(key))
    if (keys.length === 0) return []
    const reason = `${node.id} has files already, which ${keys.join(', ')} would not fit`
    return [{ path: `groups[${group.group}].config.${keys[0]}`, reason }]
  })

const moveRefusals = ({ group, movesInTurn, after }: GroupChange): RolloutRefusal[] =>
  movesInTurn.flatMap(({ from, node, why }) => {
    if (isElected(node) ? after.length > 1 : node.role === 'SLAVE') return []
    const reason =
      `${node.id} cannot move (${why}): on the same ports the new one cannot run beside the old one, and nobody else could ` +
      `give it its messages. Give it another port (from ${from.port}) at the same time`
    return [{ path: `groups[${group}]`, reason }]
  })

/** Two replicas of a group would be out: the one that is down, and the one that is touched. */
const downRefusals = (group: GroupChange): RolloutRefusal[] => {
  const touched = new Set([...group.restarts, ...group.movesInTurn].map(({ from }) => from.id))
  for (const { former, node } of group.successions) touched.add(former.id).add(node.id)
  const leaving = new Set(group.gone.map(({ id }) => id))
  const idle = [...group.down].filter((id) => !touched.has(id) && !leaving.has(id))
  if (touched.size + leaving.size === 0) return []
  return idle.map((id) => ({
    path: `groups[${group.group}]`,
    reason: `${id} is down: with another replica touched two would be out. Bring it back first`,
    allow: `down:${id}`,
  }))
}

const idsWithOtherRole = (running: Plan, wanted: Plan): Map<string, [PlanNode, PlanNode]> => {
  const before = new Map(brokersOf(running).map((node) => [node.id, node]))
  return new Map(
    brokersOf(wanted).flatMap((node) => {
      const from = before.get(node.id)
      return from !== undefined && isElected(from) !== isElected(node) ? [[node.id, [from, node]] as const] : []
    }),
  )
}

/** A group becomes an elected one in its place: what else changes comes before or after. */
const electedRefusals = (running: Plan, wanted: Plan): RolloutRefusal[] =>
  [...idsWithOtherRole(running, wanted)].flatMap(([id, [from, node]]) =>
    from.dataDir === node.dataDir && from.address === node.address
      ? []
      : [{ path: 'controllers', reason: `${id} cannot move at the same time: move it before or after` }],
  )

/** Everything that is not done, whatever is allowed. */
export const findRefusals = (running: Plan, wanted: Plan, groups: readonly GroupChange[]): RolloutRefusal[] => [
  ...otherName(running, wanted),
  ...securityRefusals(running.security, wanted.security),
  ...lostNameServers(running, wanted),
  ...controllerRefusals(running, wanted),
  ...electedRefusals(running, wanted),
  ...groups.flatMap((group) => [...storeRefusals(group), ...moveRefusals(group), ...downRefusals(group)]),
  ...cutQueues(running, wanted),
]
