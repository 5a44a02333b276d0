import type { z } from 'zod'
import type { platformSchema } from '../plan/schema/platform-config.ts'

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

/** Where nodes run and what becomes of their files: at most one of process, docker and aws. Default: process. */
export interface PlatformArgs {
  /** Processes of this machine. */
  process?: ProcessPlatformArgs
  /** Whether the files of a node stay when the node is deleted. Default: true. */
  retainData?: boolean
  /** Whether deleting a node's files is refused (Pulumi's protect). Default: false. */
  protectData?: boolean
  /** How long a node may take until it is healthy, in seconds. Default: 120. */
  readyTimeoutSeconds?: number
}

/** The plain part of it, as `platform` in a stack file has it. */
export const configOfPlatform = (args: PlatformArgs = {}): z.input<typeof platformSchema> => args
