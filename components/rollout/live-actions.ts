import type { PlanNode } from '../plan/plan-node.ts'
import type { ActionOutcome, RolloutAction, RolloutWait } from '../plan/rollout/rollout.ts'
import { advertisedAddress, nodeAddress } from '../platform/health/node-health.ts'
import { waitCaughtUp, waitInSync } from './catch-up.ts'
import { addController, handLeadOver, removeController, waitControllersAgree } from './controller-members.ts'
import { drainGroup } from './drain.ts'
import { forgetReplica } from './forget-replica.ts'
import { handOver } from './hand-over.ts'
import { changeLive } from './live-change.ts'
import type { LiveCluster } from './live-cluster.ts'
import { confOf } from './node-surroundings.ts'
import { knock } from './observe.ts'
import { provision } from './provision.ts'
import { brokerGroups, fromNameServers, waitRoutesRenewed } from './routes.ts'
import { type Declared, seedGroup } from './seed.ts'
import { waitUntil } from './waiting.ts'
import { pauseWrites, resumeWrites } from './write-permission.ts'

/** What is done over the admin protocol with nothing but that: all but starting and stopping, and keys, which have a place of their own. */
export type LiveAction = Exclude<
  RolloutAction,
  { readonly kind: 'startNode' | 'restartNode' | 'stopNode' | 'makeKeys' | 'adoptKeys' | 'dropKeys' }
>

export interface LiveActionsOptions extends Declared {
  /** A node of the running or the wanted plan; undefined when there is none of that id. */
  readonly nodeOf: (id: string) => PlanNode | undefined
  /** How long a wait may take; drains have a deadline of their own. */
  readonly timeoutMs: number
  /** How long clients may go on with routes they have; left out: as official ones do. */
  readonly staleRouteMs?: number
}

/** Carries out actions and waits of a rollout on a live cluster, whoever runs its nodes. */
export class LiveActions {
  readonly #cluster: LiveCluster
  readonly #options: LiveActionsOptions

  constructor(cluster: LiveCluster, options: LiveActionsOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /**
   * @throws RolloutWaitError, AdminError, UnchangeableQuorumError
   */
  async perform(action: LiveAction): Promise<ActionOutcome> {
    const cluster = this.#cluster
    const { timeoutMs, staleRouteMs, nodeOf, topics, consumerGroups } = this.#options
    switch (action.kind) {
      case 'changeLive':
        await changeLive(cluster, action.node, nodeAddress(action.node), action.settings)
        return {}
      case 'handOver': {
        const master = this.#node(action.avoid)
        const [avoid, { engine }] = [advertisedAddress(master), master]
        // Those that have left since this was planned are no candidates any more.
        const preferred = action.preferred.flatMap((id) => {
          const node = nodeOf(id)
          return node === undefined ? [] : [advertisedAddress(node)]
        })
        const { group, isLeaving = false } = action
        const request = { group, avoid, engine, preferred, isLeaving, timeoutMs, staleRouteMs }
        const outcome = await handOver(cluster, request)
        return { isHandedOver: outcome === 'handed over' }
      }
      case 'pauseWrites':
        await pauseWrites(cluster, { group: action.group, master: nodeAddress(action.node), timeoutMs })
        return {}
      case 'resumeWrites': {
        const permission = permissionOf(action.node)
        await resumeWrites(cluster, { group: action.group, master: nodeAddress(action.node), timeoutMs, permission })
        return {}
      }
      case 'drainGroup': {
        const { drained, left } = await drainGroup(
          cluster,
          staleRouteMs === undefined ? action : { ...action, staleRouteMs },
        )
        return drained
          ? {}
          : { words: `${action.group} was given up at its deadline with messages left: ${left.join('; ')}` }
      }
      case 'seedGroup': {
        const { group, from = [] } = action
        const made = await seedGroup(cluster, { group, from, topics, consumerGroups, timeoutMs })
        const { length: groups } = made.consumerGroups
        return { words: `${group} got ${groups} consumer groups and ${made.topics.length} topics` }
      }
      case 'addController':
        await addController(cluster, { id: action.controllerId, address: controllerAddress(action.node) })
        return {}
      case 'removeController': {
        const address = controllerAddress(action.node)
        await handLeadOver(cluster, address)
        await removeController(cluster, { id: action.controllerId, address })
        return {}
      }
      case 'forgetReplica':
        await forgetReplica(cluster, {
          ...{ group: action.group, address: advertisedAddress(action.node), wholeGroup: action.wholeGroup },
          timeoutMs,
        })
        return {}
      case 'awaitClients':
        return {}
      case 'provision':
        await provision(cluster, action)
        return {}
    }
  }

  /** @throws RolloutWaitError with what is missing */
  async wait(wait: RolloutWait): Promise<void> {
    const cluster = this.#cluster
    const { timeoutMs } = this.#options
    switch (wait.kind) {
      case 'controllersAgree':
        return waitControllersAgree(cluster, timeoutMs)
      case 'healthy':
        return waitUntil(cluster, `${wait.nodeId} answers`, timeoutMs, async () => {
          await knock(cluster, this.#node(wait.nodeId))
          return undefined
        })
      case 'inSyncStateSet': {
        const node = this.#options.nodeOf(wait.nodeId)
        // One that has left since this was planned is not waited for.
        if (node === undefined) return
        return waitInSync(cluster, { ...wait, address: advertisedAddress(node), timeoutMs })
      }
      case 'caughtUp':
        return waitCaughtUp(cluster, { ...wait, address: advertisedAddress(this.#node(wait.nodeId)), timeoutMs })
      case 'routesRenewed':
      case 'otherGroupKnown':
        return waitRoutesRenewed(cluster, wait, this.#options.staleRouteMs)
      case 'registered':
        return this.#waitRegistered(wait.nodeId)
    }
  }

  #node(id: string): PlanNode {
    const node = this.#options.nodeOf(id)
    if (node === undefined) throw new RangeError(`there is no node ${id}`)
    return node
  }

  async #waitRegistered(id: string): Promise<void> {
    const cluster = this.#cluster
    const node = this.#node(id)
    if (node.kind !== 'broker') return
    const own = advertisedAddress(node)
    await waitUntil(cluster, `${id} is registered with every NameServer`, this.#options.timeoutMs, async () => {
      const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
      const other = [...answers].find(([, groups]) => ![...(groups.get(node.group)?.values() ?? [])].includes(own))
      return other === undefined ? undefined : `NameServer ${other[0]} does not know it`
    })
  }
}

const readAndWrite = 6

/** What the configuration says of a broker. */
const permissionOf = (node: PlanNode): number => Number(confOf(node).get('brokerPermission') ?? readAndWrite)

/** Where the other controllers reach the controller of a node, be it a NameServer. */
function controllerAddress(node: PlanNode): string {
  const use = node.ports.find(({ purpose }) => purpose === 'controllerDLegerPeers')
  if (use === undefined) throw new Error(`${node.id} has no controller`)
  return nodeAddress({ ...node, port: use.port })
}
