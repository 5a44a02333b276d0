import { expect, test } from 'vitest'
import { proxyConf } from '../testing/fake-gateway.ts'
import { grpcAccessRules, proxyAccessFaults } from './access-settings.ts'

const AUTH = {
  authenticationEnabled: true,
  authorizationEnabled: true,
  authenticationMetadataProvider: 'org.apache.rocketmq.proxy.auth.ProxyAuthenticationMetadataProvider',
  authorizationMetadataProvider: 'org.apache.rocketmq.proxy.auth.ProxyAuthorizationMetadataProvider',
  innerClientAuthenticationCredentials: '{"accessKey":"inner","secretKey":"secret"}',
  authorizationWhitelist: '310, apache.rocketmq.v2.QueryRouteRequest',
}
const faults = (more: object) => proxyAccessFaults(proxyConf({ ...AUTH, ...more }), 'rmq-proxy.json')

test('what Apache RocketMQ documents for proxies is served', () => {
  expect(faults({})).toEqual([])
  expect([...grpcAccessRules(proxyConf(AUTH)).unauthorized]).toEqual(['QueryRouteRequest'])
})

test.each([
  [
    { innerClientAuthenticationCredentials: '' },
    'authenticationEnabled = true without innerClientAuthenticationCredentials',
  ],
  [{ authenticationEnabled: false }, 'authorizationEnabled = true with authenticationEnabled = false'],
  [
    { authenticationWhitelist: 'apache.rocketmq.v2.QueryRoute' },
    '"apache.rocketmq.v2.QueryRoute" is no request of gRPC',
  ],
  [{ authenticationWhitelist: '3001' }, '3001 makes or shows users'],
  [{ authorizationMetadataProvider: 'com.example.Mine' }, 'this engine runs no Java classes'],
])('%j: does not start', (more, message) => {
  expect(faults(more).join('\n')).toContain(message)
  expect(faults(more).join('\n')).not.toContain('"secret"')
})
