import type { PlainAclFile } from '../auth/plain-acl.ts'
import type { BrokerConf } from '../config/broker-conf.ts'
import type { ConfEnv } from '../config/conf-key.ts'
import type { Clock } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'
import type { Network } from '../io/network.ts'
import type { Random } from '../io/random.ts'
import type { Logger } from '../observe/logger.ts'
import { MessageStore } from '../store/message-store.ts'
import type { StoreReporter } from '../store/store-options.ts'
import type { Door } from './door/door.ts'

/** The world around a broker, real or simulated. */
export interface BrokerEnvironment {
  readonly disk: Disk
  readonly clock: Clock
  readonly network: Network
  readonly random: Random
  readonly logger: Logger
  readonly pid: number
  readonly physicalMemoryBytes: number
  readonly confEnv: ConfEnv
  /** The IP address that messages carry as the one of their broker; left out: brokerIP1, which then has to be one. */
  readonly storeAddress?: string
  /** Where changes of the configuration are kept. */
  readonly confFile: string
  /** migrateAuthFromV1Enabled: the files of ACL 1.0. */
  readonly plainAcls?: readonly PlainAclFile[]
  /** Controller mode: what clients have met since before the broker was loaded. The broker closes it. */
  readonly door?: Door
}

/** What happens to files, for the broker's log. */
export function storeReporter(logger: Logger): StoreReporter {
  return {
    info: (text) => logger.info({}, text),
    warn: (text) => logger.warn({}, text),
    error: (text, cause) => logger.error({ err: cause }, text),
  }
}

/** Opens and recovers the store of a broker. @throws Error naming what cannot be used and what to do */
export function openStore(conf: BrokerConf, environment: BrokerEnvironment): MessageStore {
  const { disk, clock, logger, pid, physicalMemoryBytes } = environment
  const reporter = storeReporter(logger)
  return MessageStore.open({ config: conf, disk, clock, reporter, pid, physicalMemoryBytes })
}
