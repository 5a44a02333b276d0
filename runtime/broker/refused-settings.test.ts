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
  expect(refusals('authenticationEnabled=true\nenableDLegerCommitLog=true')).toEqual([
    'authenticationEnabled = true: this engine does not check yet who a client is; set it to false, or run this broker on Apache RocketMQ',
    'enableDLegerCommitLog = true: this engine does not read or write DLedger files; set it to false, or run this broker on Apache RocketMQ',
  ])
})
