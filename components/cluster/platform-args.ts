import type * as pulumi from '@pulumi/pulumi'
import type { z } from 'zod'
import type { platformSchema } from '../plan/schema/platform-config.ts'
import type { AwsPlatformArgs } from './aws-platform-args.ts'

/** Nodes as processes of this machine. */
export interface ProcessPlatformArgs {
  /** Absolute folder for nodes on this machine. Default: `.gantry/<stack>` beside Pulumi.yaml, as `gantry up` has it. */
  localDataDir?: string
  /** Absolute folder with the mqnamesrv and mqbroker to run. Default: the engine of this package. */
  runtimeBin?: string
  /** ROCKETMQ_HOME of the Apache RocketMQ that nodes with engine: apache run: a folder with lib/. */
  apacheHome?: string
  /** Heap of each Apache node: -Xms and -Xmx. Default: 512m. */
  apacheHeap?: string
}

/** How the Docker Engine of a host is reached. */
export interface DockerHostArgs {
  /** `unix:///path`, `tcp://host:port` or `ssh://user@host`. Default for a single host: DOCKER_HOST, or this machine's. */
  endpoint?: string
  /** Folder with ca.pem, cert.pem and key.pem, for a tcp endpoint that asks for certificates. */
  certPath?: string
  /** Flags for ssh, e.g. `-i` and the path of a key. Default: none. */
  sshOpts?: string[]
  /** PEM text of the CA, instead of a file in certPath. */
  caMaterial?: pulumi.Input<string>
  /** PEM text of the certificate to show. */
  certMaterial?: pulumi.Input<string>
  /** PEM text of its key; kept as a secret. */
  keyMaterial?: pulumi.Input<string>
}

/** Memory limits of containers in MiB. */
export interface DockerMemoryArgs {
  /** Of a NameServer. Default: 256. */
  nameServer?: number
  /** Of a controller. Default: 512. */
  controller?: number
  /** Of a broker. Default: 1024. */
  broker?: number
  /** Of a proxy. Default: 512. */
  proxy?: number
  /** Of every node with engine: apache, whatever its kind. Default: 2048. */
  apache?: number
}

/** Nodes as containers on one Docker host or several. */
export interface DockerPlatformArgs {
  /** Image of the engine gantry. Default: gantry:<version>, which `gantry image build` makes. */
  image?: string
  /** Image for nodes with engine: apache. Default: the official one. */
  apacheImage?: string
  /** Heap of each Apache node: -Xms and -Xmx. Default: 512m. */
  apacheHeap?: string
  /** Docker Engines by the host's name. Default: one host, the engine of DOCKER_HOST or of this machine. */
  hosts?: { [host: string]: DockerHostArgs }
  /** Of the cluster's network on each Docker host. Default: 10.211.0.0/24. */
  subnet?: string
  /** Memory limits. */
  memoryMb?: DockerMemoryArgs
  /** CPUs a container may use. Default: all. */
  cpus?: number
  /** Open files of a node. Default: 16384. */
  openFiles?: number
  /** How long a node may take to stop in good order before it is killed. Default: 60. */
  stopTimeoutSeconds?: number
  /** Size of a log file at which a new one is begun. Default: 10. */
  logMaxSizeMb?: number
  /** Log files of a container that are kept. Default: 5. */
  logMaxFiles?: number
}

/** Where nodes run and what becomes of their files: at most one of process, docker and aws. Default: process. */
export interface PlatformArgs {
  /** Processes of this machine. */
  process?: ProcessPlatformArgs
  /** Containers on one Docker host or several. */
  docker?: DockerPlatformArgs
  /** EC2 instances with volumes of their own. */
  aws?: AwsPlatformArgs
  /** Whether the files of a node stay when the node is deleted. Default: true. */
  retainData?: boolean
  /** Whether deleting a node's files is refused (Pulumi's protect). Default: false. */
  protectData?: boolean
  /** How long a node may take until it is healthy, in seconds. Default: 120. */
  readyTimeoutSeconds?: number
  /** How long consumers may take to consume what a broker group holds that is removed. Default: 600. */
  drainTimeoutSeconds?: number
  /** How long clients may go by a route that is not so any more: their pollNameServerInterval, and a little. Default: 35. */
  staleRouteSeconds?: number
}

/** The plain part of it, as `platform` in a stack file has it. */
export function configOfPlatform({ docker, aws, ...same }: PlatformArgs = {}): z.input<typeof platformSchema> {
  return {
    ...same,
    ...(docker === undefined ? {} : { docker: configOfDocker(docker) }),
    ...(aws === undefined ? {} : { aws: configOfAws(aws) }),
  }
}

function configOfDocker({ hosts = {}, ...same }: DockerPlatformArgs) {
  const plain = Object.entries(hosts).map(
    ([name, { caMaterial: _, certMaterial: __, keyMaterial: ___, ...host }]) => [name, host] as const,
  )
  return { ...same, hosts: Object.fromEntries(plain) }
}

function configOfAws({ foundation: _, ...plain }: AwsPlatformArgs) {
  return plain
}
