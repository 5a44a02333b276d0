import * as pulumi from '@pulumi/pulumi'
import { serializedProvider } from '../../dynamic/serialized-provider.ts'
import type { NodeReadyInputs } from './node-ready-implementation.ts'
import type { NodeSeatInputs } from './node-seat-implementation.ts'

type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

const typeModule = 'gantry'

export class NodeSeat extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: NodeSeatInputs, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('nodeSeat'), name, inputs, options, typeModule, 'NodeSeat')
  }
}

export class NodeReady extends pulumi.dynamic.Resource {
  // Plain fields would overwrite what the base class has set.
  declare readonly address: pulumi.Output<string>
  declare readonly advertisedAddress: pulumi.Output<string>

  constructor(name: string, inputs: Inputs<NodeReadyInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('nodeReady'), name, inputs, options, typeModule, 'NodeReady')
  }
}
