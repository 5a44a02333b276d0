import type * as pulumi from '@pulumi/pulumi'
import { joinHostPort } from '../plan/address.ts'
import type { BrokerNode } from '../plan/plan-node.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'
import type { NodePlatform, NodeRequest, NodeResource } from '../platform/node-platform.ts'
import { GroupTraffic, goesWith, ReplicaBooks, ReplicaLeave } from '../rollout/rollout-resources.ts'
import type { Declared } from '../rollout/seed.ts'
import { securityOf } from '../security/cluster-security.ts'
import { ReplicaTurns } from './replica-turns.ts'

/** Addresses of the nodes that a group registers with. */
export interface Registries {
  readonly namesrvAddr: string
  readonly controllerAddr: string
}

/** What clusters declare, for the groups they are made of. */
const declaredBy = new WeakMap<pulumi.Resource, Declared>()

/** Lets the groups of a cluster know what it declares. */
export function declares(cluster: pulumi.Resource, declared: Declared): void {
  declaredBy.set(cluster, declared)
}

/** A group whose surroundings are made: the component, its name, and the cluster it belongs to, if any. */
interface Surrounded {
  readonly component: pulumi.ComponentResource
  readonly name: string
  readonly brokerName: string
  readonly parent: pulumi.Resource | undefined
  readonly config: ClusterConfig
  readonly registries: pulumi.Output<Registries>
  readonly isElected: boolean
}

/** What has to happen around the brokers of a group, so that it comes, changes and goes without loss. */
export class GroupSurroundings {
  readonly #of: Surrounded
  /** Where nodes cannot be asked from here, nothing can be done on them either. */
  readonly #isReachable: boolean

  constructor(of: Surrounded) {
    this.#of = of
    const { aws } = of.config.platform
    this.#isReachable = aws === undefined || aws.waitUntilHealthy
  }

  /**
   * Turns of elected replicas; undefined where they are touched in the order of the stack, as of fixed masters, and on AWS, where all
   * instances form one chain.
   */
  turnsOf(places: readonly BrokerNode[]): ReplicaTurns | undefined {
    const { component, brokerName, parent, config, registries, isElected } = this.#of
    if (!isElected || places.length < 2 || config.platform.aws !== undefined) return undefined
    const of = {
      clusterName: config.name,
      group: brokerName,
      addresses: places.map(({ advertisedAddress, port }) => joinHostPort(advertisedAddress, port)),
      controllers: registries.apply(({ controllerAddr }) => controllerAddr.split(';')),
      access: securityOf(parent)?.access,
    }
    return new ReplicaTurns(of, component)
  }

  /** An elected broker: before it goes it hands over, and when it is gone the controllers forget it. */
  addReplica(platform: NodePlatform, request: NodeRequest): NodeResource {
    const { component, parent } = this.#of
    if (!this.#isReachable) return platform.addNode(request, { parent: component })
    const inputs = this.#replicaInputs(request)
    const options = { parent: component, ...goesWith(parent) }
    const books = new ReplicaBooks(`${request.name}-books`, inputs, options)
    const node = platform.addNode({ ...request, before: [books] }, { parent: component })
    new ReplicaLeave(`${request.name}-leave`, inputs, { ...options, dependsOn: [node.resource] })
    return node
  }

  /** Once the brokers are there the group gets what the others have; before they go it is drained. */
  addTraffic(nodes: readonly NodeResource[]): void {
    const { component, name, brokerName, parent, config, registries } = this.#of
    if (!this.#isReachable) return
    const { readyTimeoutSeconds, drainTimeoutSeconds, staleRouteSeconds } = config.platform
    const inputs = {
      clusterName: config.name,
      group: brokerName,
      nameServers: registries.apply(({ namesrvAddr }) => namesrvAddr.split(';')),
      declared: (parent === undefined ? undefined : declaredBy.get(parent)) ?? { topics: [], consumerGroups: [] },
      readyTimeoutMs: readyTimeoutSeconds * 1000,
      drainTimeoutMs: drainTimeoutSeconds * 1000,
      staleRouteMs: staleRouteSeconds * 1000,
    }
    new GroupTraffic(`${name}-traffic`, inputs, {
      parent: component,
      ...goesWith(parent),
      dependsOn: nodes.map(({ resource }) => resource),
    })
  }

  #replicaInputs({ place }: NodeRequest) {
    const { brokerName, config, registries } = this.#of
    return {
      clusterName: config.name,
      group: brokerName,
      address: joinHostPort(place.advertisedAddress, place.port),
      ...(place.engine === 'apache' ? { engine: place.engine } : {}),
      nameServers: registries.apply(({ namesrvAddr }) => namesrvAddr.split(';')),
      controllers: registries.apply(({ controllerAddr }) => controllerAddr.split(';')),
      readyTimeoutMs: config.platform.readyTimeoutSeconds * 1000,
      staleRouteMs: config.platform.staleRouteSeconds * 1000,
    }
  }
}
