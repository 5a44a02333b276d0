import { posix } from 'node:path'
import { instanceFolder, instanceSecretsFolder } from '../../plan/aws/instance-files.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { lacksSecrets } from '../../security/fill-secrets.ts'
import { apacheArguments, apacheHeapSmall, openPackages } from '../process/apache-launch.ts'
import { confFlagOf, launcherNames, tlsVariables } from '../process/node-launch.ts'
import {
  cacheFolder,
  engineFolder,
  logbackPath,
  type MachineObject,
  type MachineSecrets,
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
  /** Name of the parameter that holds its secrets, of a node that has some. */
  readonly parameter?: string
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
      ...tlsVariables(node),
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

/** Whether secrets are to be fetched before a node starts: its own, or values that its conf file names as `ssm:/name`. */
export const hasMachineSecrets = ({ tls, confFile: { text } }: Pick<PlanNode, 'tls' | 'confFile'>): boolean =>
  tls !== undefined || lacksSecrets(text) || text.includes('ssm:/')

/** A conf file that is to get secrets is none yet: the node reads the one that is made of it in memory. */
function secretsOf(node: PlanNode, parameter: string | undefined): Pick<MachineSpec, 'confFile' | 'secrets'> {
  const { path, text } = node.confFile
  if (!hasMachineSecrets(node)) return { confFile: node.confFile }
  const name = posix.basename(path)
  const confPath = `${instanceSecretsFolder}/${name}`
  const secrets: MachineSecrets = { confPath, ...(parameter === undefined ? {} : { parameter }) }
  return { confFile: { path: `${instanceFolder}/${name}`, text }, secrets }
}

/** The machine a planned node needs. */
export function machineSpec(planned: PlanNode, surroundings: MachineSurroundings): MachineSpec {
  const { clusterName, region, artifact, dataRoot, dataVolumeId, parameter, apacheHeap } = surroundings
  const { confFile, secrets } = secretsOf(planned, parameter)
  const node = { ...planned, confFile: { ...confFile, path: secrets?.confPath ?? confFile.path } }
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
    confFile,
    ...(node.tls === undefined ? {} : { tls: node.tls }),
    ...(secrets === undefined ? {} : { secrets }),
    ...program,
  }
}
