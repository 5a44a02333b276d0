import { authFaults } from '../auth/auth-settings.ts'
import type { BrokerConf } from '../config/broker-conf.ts'

/**
 * Settings that this engine does not serve yet and that may not be passed over with a warning: the operator relies on
 * what they promise (protection of the data, another master election, another file format). A broker with one of them
 * does not start.
 */
export function refusedSettings(conf: BrokerConf): string[] {
  const refused: string[] = []
  const refuse = (key: keyof BrokerConf, what: string): void => {
    if (conf[key] === true)
      refused.push(`${key} = true: ${what}; set it to false, or run this broker on Apache RocketMQ`)
  }
  refuse('enableDLegerCommitLog', 'this engine does not read or write DLedger files')
  refuse('enableCalcFilterBitMap', 'this engine applies filters to the messages and writes no bitmaps of them')
  refuse('popConsumerKVServiceEnable', 'this engine keeps what it knows of POP in the log and in files, not in RocksDB')
  refused.push(...authFaults(conf))
  return refused
}
