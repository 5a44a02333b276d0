import type { PlanNode } from '../../plan/plan-node.ts'
import { apacheArguments, apacheHeapSmall, openPackages } from '../process/apache-launch.ts'
import { confFlagOf, launcherNames } from '../process/node-launch.ts'
import {
  cacheFolder,
  engineFolder,
  logbackPath,
  type MachineObject,
  type MachineSpec,
} from './user-data/machine-spec.ts'

/** What a machine spec has that a plan does not say. */
export interface MachineSurroundings {
  readonly clusterName: string
  readonly region: string
  readonly artifact: MachineObject
  /** Where the data volume is mounted. */
  readonly dataRoot: string
  readonly dataVolumeId?: string
  /** Heap of an Apache broker. */
  readonly apacheHeap: string
}

const kindNames: Record<PlanNode['kind'], string> = {
  nameServer: 'NameServer',
  controller: 'controller',
  broker: 'broker',
  proxy: 'proxy',
}

function gantryProgram(node: PlanNode): Pick<MachineSpec, 'command' | 'environment'> {
  const { kind, confFile, nodeOptions } = node
  return {
    command: [`${engineFolder}/runtime/bin/${launcherNames[kind]}`, confFlagOf(node), confFile.path],
    environment: {
      GANTRY_CACHE: cacheFolder,
      ...(nodeOptions.length === 0 ? {} : { GANTRY_NODE_OPTIONS: nodeOptions.join(' ') }),
    },
  }
}

function apacheProgram(node: PlanNode, brokerHeap: string): Pick<MachineSpec, 'command' | 'environment'> {
  const heap = node.kind === 'broker' ? brokerHeap : apacheHeapSmall
  return {
    command: ['/usr/bin/java', ...openPackages, ...apacheArguments(node, engineFolder, heap, logbackPath)],
    environment: { ROCKETMQ_HOME: engineFolder },
  }
}

/** The machine a planned node needs. */
export function machineSpec(node: PlanNode, surroundings: MachineSurroundings): MachineSpec {
  const { clusterName, region, artifact, dataRoot, dataVolumeId, apacheHeap } = surroundings
  const program = node.engine === 'apache' ? apacheProgram(node, apacheHeap) : gantryProgram(node)
  return {
    node: node.id,
    description: `RocketMQ ${kindNames[node.kind]} ${node.id} of ${clusterName}`,
    region,
    engine: node.engine,
    artifact,
    dataRoot,
    dataDir: node.dataDir,
    ...(dataVolumeId === undefined ? {} : { dataVolumeId }),
    confFile: node.confFile,
    ...program,
  }
}
