import type { Engine } from '../../../plan/plan-node.ts'

/** A file to put onto the machine. */
export interface MachineFile {
  readonly path: string
  readonly text: string
}

/** An object that the machine fetches with its role. */
export interface MachineObject {
  readonly bucket: string
  readonly key: string
  readonly sha256: string
}

/** Secrets of a node: never on a volume, fetched whenever the node starts. */
export interface MachineSecrets {
  /** The conf file as it becomes when secrets are in the places of the words and names that stand for them. */
  readonly confPath: string
  /** Name of the node's own parameter; without one there are only those that its conf file names. */
  readonly parameter?: string
}

/** What a machine is to become: everything that its user data says. */
export interface MachineSpec {
  /** Id of the node it runs. */
  readonly node: string
  /** What the node is, in a few words, for people. */
  readonly description: string
  readonly region: string
  readonly engine: Engine
  /** The engine: an artifact of gantry, or a release of Apache RocketMQ. */
  readonly artifact: MachineObject
  /** Where the data volume is mounted. */
  readonly dataRoot: string
  /** Folder of the node below it. */
  readonly dataDir: string
  /** Without one the node keeps nothing that matters. */
  readonly dataVolumeId?: string
  readonly confFile: MachineFile
  /** tls.properties, where the node has certificates. */
  readonly tls?: MachineFile
  /** Where the conf file has secrets, which the machine fetches itself. */
  readonly secrets?: MachineSecrets
  /** The program and its arguments. */
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** Where artifacts are unpacked; a link, so that what runs is not moved by the next one. */
export const engineFolder = '/opt/gantry/current'

/** Folder of the programs that ask AWS. */
export const programsFolder = '/opt/gantry/bin'
export const fetchSecretsPath = `${programsFolder}/fetch-secrets`

/** Folder the service may write its caches to. */
export const cacheFolder = '/var/cache/gantry'

/** Log configuration of Apache's servers, which would write files by themselves. */
export const logbackPath = '/opt/gantry/logback.xml'
