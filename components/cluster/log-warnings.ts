import * as pulumi from '@pulumi/pulumi'
import { configWarnings } from '../plan/checks/config-warnings.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'

/** Clusters that have said what there is to say of all their parts. */
const haveWarned = new WeakSet<pulumi.Resource>()

/** Logs what is worth a second thought in the config of a component, unless the cluster it is part of has done so. */
export function logWarnings(component: pulumi.Resource, config: ClusterConfig, parent?: pulumi.Resource): void {
  haveWarned.add(component)
  if (parent !== undefined && haveWarned.has(parent)) return
  for (const warning of configWarnings(config)) void pulumi.log.warn(warning, component)
}
