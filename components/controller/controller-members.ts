import type * as pulumi from '@pulumi/pulumi'
import type { PlanNode } from '../plan/plan-node.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'
import type { NodeResource } from '../platform/node-platform.ts'
import { ownController } from '../rollout/node-surroundings.ts'
import { ControllerMember, goesWith } from '../rollout/rollout-resources.ts'

/** The component whose nodes hold controllers. */
interface Quorum {
  readonly component: pulumi.ComponentResource
  readonly name: string
  /** The cluster it belongs to, if any. */
  readonly parent: pulumi.Resource | undefined
  readonly config: ClusterConfig
}

/**
 * A seat among the controllers for each node that holds one: new ones are added to those that are there, and one that goes
 * leaves them first. Apache's controllers stay who they are.
 */
export function addMembers(
  nodes: readonly NodeResource[],
  places: readonly PlanNode[],
  { component, name, parent, config }: Quorum,
): void {
  const { aws } = config.platform
  if (aws !== undefined && !aws.waitUntilHealthy) return
  const own = places.map((place) => (place.engine === 'apache' ? undefined : ownController(place)))
  const controllers = own.flatMap((controller) => (controller === undefined ? [] : [controller.address]))
  for (const [index, controller] of own.entries()) {
    const node = nodes[index]
    if (controller === undefined || node === undefined) continue
    new ControllerMember(
      `${name}-${index}-member`,
      { controllerId: controller.id, address: controller.address, controllers },
      { parent: component, ...goesWith(parent), dependsOn: [node.resource] },
    )
  }
}
