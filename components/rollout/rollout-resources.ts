import * as pulumi from '@pulumi/pulumi'
import { serializedProvider } from '../dynamic/serialized-provider.ts'
import type { ControllerMemberInputs } from './controller-member-implementation.ts'
import type { GroupTrafficInputs } from './group-traffic-implementation.ts'
import type { NodeGateInputs } from './node-gate-implementation.ts'
import type { ReplicaInputs } from './replica-implementations.ts'

/*
 * Resources that stand for what has to happen around nodes, so that Pulumi's order does it: what depends on a node is made
 * after it and deleted before it.
 */

/** The SDK writes into what it is given, so each gets an object of its own. */
type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

const typeModule = 'gantry'

/** See group-traffic-implementation.ts. */
export class GroupTraffic extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Inputs<GroupTrafficInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('groupTraffic'), name, { ...inputs }, options, typeModule, 'GroupTraffic')
  }
}

/** See replica-implementations.ts. */
export class ReplicaBooks extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Inputs<ReplicaInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('replicaBooks'), name, { ...inputs }, options, typeModule, 'ReplicaBooks')
  }
}

/** See replica-implementations.ts. */
export class ReplicaLeave extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Inputs<ReplicaInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('replicaLeave'), name, { ...inputs }, options, typeModule, 'ReplicaLeave')
  }
}

/** See node-gate-implementation.ts. */
export class NodeGate extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Inputs<NodeGateInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('nodeGate'), name, { ...inputs }, options, typeModule, 'NodeGate')
  }
}

/** See controller-member-implementation.ts. */
export class ControllerMember extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Inputs<ControllerMemberInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('controllerMember'), name, { ...inputs }, options, typeModule, 'ControllerMember')
  }
}

/**
 * What a part of a cluster goes along with: when all of it is destroyed, nothing is drained and nobody handed over to.
 * @param parent the cluster a part belongs to, if any: otherwise the whole stack
 */
export function goesWith(parent: pulumi.Resource | undefined): pulumi.CustomResourceOptions {
  const whole = parent ?? pulumi.runtime.getStackResource()
  return whole === undefined ? {} : { deletedWith: whole }
}
