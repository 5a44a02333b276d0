import * as pulumi from '@pulumi/pulumi'
import { problemAt } from '../plan/checks/problem-at.ts'
import { ConfigError, type ConfigProblem } from '../plan/config-problem.ts'
import type { PlanNode } from '../plan/plan-node.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'
import { platformKind } from '../plan/schema/platform-config.ts'

/** What the nodes of one program have taken of the machines: a plan alone does not know of the clusters beside it. */
export class Claims {
  /** Name of the component, by port or folder of a machine. */
  readonly #owners = new Map<string, string>()

  /** @returns what another component has already; nothing is taken then. */
  claim(owner: string, nodes: readonly PlanNode[]): ConfigProblem[] {
    const wanted = nodes.flatMap(wishesOf)
    const problems = wanted.flatMap(({ key, problem, steps, fix }) => {
      const other = this.#owners.get(key)
      return other === undefined ? [] : [problemAt(steps, undefined, `${problem} ${other} has it already`, fix)]
    })
    if (problems.length === 0) for (const { key } of wanted) this.#owners.set(key, owner)
    return problems
  }
}

function wishesOf({ id, address, ports, dataDir }: PlanNode) {
  const folder = {
    key: `${address} ${dataDir}`,
    steps: ['platform', 'process', 'localDataDir'],
    problem: `gives ${id} the folder ${dataDir}, but`,
    fix: 'Give each cluster a folder of its own, and each broker group of a cluster a name of its own.',
  }
  return [
    folder,
    ...ports.map(({ port, purpose }) => ({
      key: `${address}:${port}`,
      steps: ['ports'],
      problem: `gives ${id} the port ${port} (${purpose}) of ${address}, but`,
      fix: 'Give each cluster ports of its own, and further broker groups listenPorts.',
    })),
  ]
}

/** A program may run several times in one process (Automation API): each run has a stack of its own. */
const claimsOf = new WeakMap<pulumi.Resource, Claims>()
/** Clusters, which claim for all their parts. */
const claimants = new WeakSet<pulumi.Resource>()

/** Who makes the nodes. */
interface Claimant {
  readonly name: string
  readonly parent: pulumi.Resource | undefined
}

/**
 * Takes ports and folders for the nodes of a component, unless the cluster it is part of has done so.
 * @throws ConfigError when another component of the program has them
 */
export function claimPlaces({ name, parent }: Claimant, { platform }: ClusterConfig, nodes: readonly PlanNode[]): void {
  if (platformKind(platform) !== 'process' || (parent !== undefined && claimants.has(parent))) return
  const stack = pulumi.runtime.getStackResource()
  // Without a stack (in a test with mocks) nothing is brought up.
  if (stack === undefined) return
  const claims = claimsOf.get(stack) ?? new Claims()
  claimsOf.set(stack, claims)
  const problems = claims.claim(name, nodes)
  if (problems.length > 0) throw new ConfigError(problems)
}

/** Says that the parts of a component need not claim. */
export function hasClaimed(component: pulumi.Resource): void {
  claimants.add(component)
}
