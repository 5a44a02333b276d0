import { auth } from './broker-conf/auth.ts'
import { cleaning } from './broker-conf/cleaning.ts'
import { consuming, filtering } from './broker-conf/consuming.ts'
import { controller } from './broker-conf/controller.ts'
import { delay, timer } from './broker-conf/delay.ts'
import { coldData, compaction, retired, rocksdb, tiered } from './broker-conf/engines.ts'
import { flush } from './broker-conf/flush.ts'
import { ha } from './broker-conf/ha.ts'
import { identity } from './broker-conf/identity.ts'
import { metrics } from './broker-conf/metrics.ts'
import { nameservers } from './broker-conf/nameservers.ts'
import { network } from './broker-conf/network.ts'
import { lite, pop } from './broker-conf/pop.ts'
import { pools, sending } from './broker-conf/sending.ts'
import { settleBroker } from './broker-conf/settle.ts'
import { store, unreadPaths } from './broker-conf/store.ts'
import { topics } from './broker-conf/topics.ts'
import { transaction } from './broker-conf/transaction.ts'
import { type ConfChange, changeConf } from './conf-change.ts'
import type { Conf, ConfEnv } from './conf-key.ts'
import { type ConfResult, type ConfTable, parseConf, printConf } from './conf-table.ts'

const brokerKeys = {
  ...identity.keys,
  ...network.keys,
  ...nameservers.keys,
  ...store.keys,
  ...unreadPaths.keys,
  ...flush.keys,
  ...cleaning.keys,
  ...ha.keys,
  ...controller.keys,
  ...topics.keys,
  ...sending.keys,
  ...pools.keys,
  ...consuming.keys,
  ...filtering.keys,
  ...delay.keys,
  ...timer.keys,
  ...pop.keys,
  ...lite.keys,
  ...transaction.keys,
  ...auth.keys,
  ...metrics.keys,
  ...compaction.keys,
  ...rocksdb.keys,
  ...coldData.keys,
  ...tiered.keys,
  ...retired.keys,
}

/**
 * What broker.conf holds: the keys of Apache RocketMQ 5.5's BrokerConfig, BrokerIdentity, MessageStoreConfig,
 * NettyServerConfig, NettyClientConfig, AuthConfig and of its tiered store.
 */
export type BrokerConf = Conf<typeof brokerKeys>

export const brokerTable: ConfTable<typeof brokerKeys> = {
  name: 'broker.conf',
  sections: [
    identity,
    network,
    nameservers,
    store,
    unreadPaths,
    flush,
    cleaning,
    ha,
    controller,
    topics,
    sending,
    pools,
    consuming,
    filtering,
    delay,
    timer,
    pop,
    lite,
    transaction,
    auth,
    metrics,
    compaction,
    rocksdb,
    coldData,
    tiered,
    retired,
  ],
  keys: brokerKeys,
  settle: settleBroker,
}

/**
 * Reads a broker's conf file; see {@link parseConf}. Changes are saved to `brokerConfigPath`, else to the conf file, else
 * to ~/store/config/broker.properties.
 */
export function parseBrokerConf(
  text: string,
  file: string,
  env: ConfEnv,
  commandLine: Readonly<Record<string, string>> = {},
): ConfResult<BrokerConf> {
  return parseConf(brokerTable, text, file, env, commandLine)
}

/** The body of a GET_BROKER_CONFIG response; see {@link printConf}. */
export function printBrokerConf(conf: BrokerConf, pending?: ReadonlyMap<string, string>): string {
  return printConf(brokerTable, conf, pending)
}

/** Works out an UPDATE_BROKER_CONFIG; see {@link changeConf}. */
export function changeBrokerConf(
  conf: BrokerConf,
  changes: ReadonlyMap<string, string>,
  env: ConfEnv,
): ConfChange<BrokerConf> {
  const own = ['brokerConfigPath', 'rocketmqHome', 'configBlackList', ...Object.keys(auth.keys)]
  const blackList = [...own, ...conf.configBlackList]
  return changeConf(brokerTable, conf, changes, [...new Set(blackList)], env)
}
