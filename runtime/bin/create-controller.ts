import type { ConfEnv } from '../config/conf-key.ts'
import type { ControllerConf } from '../config/controller-conf.ts'
import { Controller } from '../controller/controller.ts'
import { raftMember } from '../controller/raft-member.ts'
import type { Clock } from '../io/clock.ts'
import type { Network } from '../io/network.ts'
import { RealRandom } from '../io/random.ts'
import { RealDisk } from '../io/real-disk.ts'
import { createNetContext } from '../net/net-context.ts'
import type { Logger } from '../observe/logger.ts'

interface CreateControllerOptions {
  readonly conf: ControllerConf
  readonly env: ConfEnv
  /** Where configuration changes are saved. */
  readonly confFile: string
  readonly clock: Clock
  readonly network: Network
  readonly logger: Logger
  readonly onFailed: (error: Error) => void
}

/** Its messages are small and its bursts short. */
const SLABS_KEPT = 8

/** A controller on the machine's disk. */
export function createController(options: CreateControllerOptions): Controller {
  const { conf, env, confFile, clock, network, logger, onFailed } = options
  // 0, the default of Netty's water mark here, stands for the built-in limit.
  const limits = conf.writeBufferHighWaterMark > 0 ? { pauseAboveBytes: conf.writeBufferHighWaterMark } : {}
  const context = createNetContext(clock, network, logger, { ...limits, slabsKept: SLABS_KEPT })
  const disk = new RealDisk()
  const join = raftMember({ context, disk, random: new RealRandom(), conf, onFailed })
  return new Controller({ context, disk, conf, env, confFile, join })
}
