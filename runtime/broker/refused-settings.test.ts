import { expect, test } from 'vitest'
import { parseBrokerConf } from '../config/broker-conf.ts'
import { testEnv } from '../config/test-env.ts'
import { refusedSettings } from './refused-settings.ts'

function refusals(text: string): string[] {
  const result = parseBrokerConf(text, 'broker.conf', testEnv)
  if (!result.ok) throw new Error(result.errors.join('\n'))
  return refusedSettings(result.conf)
}

test('a broker that would not keep a promise it was configured for does not start', () => {
  expect(refusals('')).toEqual([])
  expect(refusals('popConsumerKVServiceEnable=true')[0]).toContain('not in RocksDB')
  expect(refusals('authorizationEnabled=true\nenableDLegerCommitLog=true')).toEqual([
    'enableDLegerCommitLog = true: this engine does not read or write DLedger files; set it to false, or run this broker on Apache RocketMQ',
    'authorizationEnabled = true with authenticationEnabled = false: without a check who a client is, it could claim to be anybody; set authenticationEnabled = true as well',
  ])
})
