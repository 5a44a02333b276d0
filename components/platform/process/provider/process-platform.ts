import * as pulumi from '@pulumi/pulumi'
import { serializedProvider } from '../../../dynamic/serialized-provider.ts'
import { joinHostPort } from '../../../plan/address.ts'
import { programsOf } from '../../../plan/plan.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import type { PlatformConfig } from '../../../plan/schema/platform-config.ts'
import { inTurn, type NodePlatform, type NodeRequest, type NodeResource } from '../../node-platform.ts'
import type { DataFolderInputs } from './data-folder-implementation.ts'
import type { ProcessNodeInputs } from './process-node-implementation.ts'

type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

const typeModule = 'gantry'

class DataFolder extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Inputs<DataFolderInputs>, options: pulumi.CustomResourceOptions) {
    super(serializedProvider('dataFolder'), name, inputs, options, typeModule, 'DataFolder')
  }
}

class ProcessNode extends pulumi.dynamic.Resource {
  // A plain field would overwrite what the base class has set.
  declare readonly node: pulumi.Output<PlanNode>

  constructor(name: string, inputs: Inputs<ProcessNodeInputs>, options: pulumi.CustomResourceOptions) {
    const known = { phase: undefined, process: undefined }
    super(serializedProvider('processNode'), name, { ...inputs, ...known }, options, typeModule, 'ProcessNode')
  }
}

/** Nodes as processes of this machine. They go on running when Pulumi has ended. */
export class ProcessPlatform implements NodePlatform {
  readonly #config: PlatformConfig

  constructor(config: PlatformConfig) {
    this.#config = config
  }

  addNode(
    { name, node, place, nameServers, master, after, before = [] }: NodeRequest,
    options: pulumi.CustomResourceOptions,
  ): NodeResource {
    const { retainData, protectData, readyTimeoutSeconds, staleRouteSeconds } = this.#config
    const folder = new DataFolder(
      `${name}-data`,
      { path: place.dataDir, node: place.id },
      { ...options, retainOnDelete: retainData, protect: protectData },
    )
    const inputs = {
      node,
      nameServers,
      readyTimeoutMs: readyTimeoutSeconds * 1000,
      staleRouteMs: staleRouteSeconds * 1000,
      ...(master === undefined ? {} : { master: master.address }),
      programs: programsOf(this.#config),
    }
    const dependsOn = inTurn([folder, ...before], after === undefined ? {} : { after })
    const resource = new ProcessNode(name, inputs, { ...options, dependsOn })
    // A conf file may hold a secret; where its node is, is none.
    const made = pulumi.unsecret(resource.node)
    return {
      resource,
      address: made.apply(({ address, port }) => joinHostPort(address, port)),
      advertisedAddress: made.apply(({ advertisedAddress, port }) => joinHostPort(advertisedAddress, port)),
    }
  }
}
