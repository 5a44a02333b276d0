import { expect, test } from 'vitest'
import { parseBrokerConf } from '../config/broker-conf.ts'
import { testEnv } from '../config/test-env.ts'
import { accessRules, authFaults, initialUser } from './auth-settings.ts'
import { innerUser } from './inner-credentials.ts'

function conf(text: string) {
  const result = parseBrokerConf(text, 'broker.conf', testEnv)
  if (!result.ok) throw new Error(result.errors.join('\n'))
  return result.conf
}

const DOCUMENTED = `
authenticationEnabled = true
authenticationProvider = org.apache.rocketmq.auth.authentication.provider.DefaultAuthenticationProvider
initAuthenticationUser = {"username":"rocketmq","password":"12345678"}
innerClientAuthenticationCredentials = {"accessKey":"inner","secretKey":"87654321"}
authenticationMetadataProvider = org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider
authorizationEnabled = true
authorizationProvider = org.apache.rocketmq.auth.authorization.provider.DefaultAuthorizationProvider
authorizationMetadataProvider = org.apache.rocketmq.auth.authorization.provider.LocalAuthorizationMetadataProvider
authorizationWhitelist = 310, apache.rocketmq.v2.QueryRouteRequest
`

test('the settings that Apache RocketMQ documents are served', () => {
  expect(authFaults(conf(DOCUMENTED))).toEqual([])
  expect(initialUser(conf(DOCUMENTED))).toMatchObject({ username: 'rocketmq', password: '12345678', type: 'Super' })
  expect(innerUser(conf(DOCUMENTED).innerClientAuthenticationCredentials)).toMatchObject({
    username: 'inner',
    password: '87654321',
    type: 'Super',
  })
  const rules = accessRules(conf(DOCUMENTED), {
    clusterName: 'DefaultCluster',
    topicAt: () => undefined,
    monotonic: () => 0,
  })
  expect([...rules.unauthorized]).toEqual([310])
  expect(rules).toMatchObject({ clusterName: 'DefaultCluster', isAuthorizing: true, believedForMs: 0 })
})

test.each([
  [
    'authenticationProvider = com.example.Mine',
    'authenticationProvider = "com.example.Mine": this engine runs no Java classes',
  ],
  ['authorizationStrategy = Stateful', 'authorizationStrategy = "Stateful": this engine runs no Java classes'],
  ['authorizationEnabled = true', 'authorizationEnabled = true with authenticationEnabled = false'],
  ['authenticationWhitelist = 10;11', 'authenticationWhitelist: "10;11" is no request code'],
  ['authorizationWhitelist = 10,3001', 'authorizationWhitelist: 3001 makes or shows users and policies'],
  [
    'initAuthenticationUser = root:secret',
    'initAuthenticationUser is no JSON; write {"username":"...","password":"..."}',
  ],
  ['initAuthenticationUser = {"username":"root"}', 'initAuthenticationUser: the password is missing'],
  ['initAuthenticationUser = {"password":"secret"}', 'initAuthenticationUser: the username is blank'],
  ['innerClientAuthenticationCredentials = {"accessKey":"secret"}', 'accessKey or secretKey is missing'],
  ['innerClientAuthenticationCredentials = ["secret"]', 'a field has the wrong type'],
])('%s does not start a broker, and the message holds no secret', (line, expected) => {
  const [fault] = authFaults(conf(line))
  expect(fault).toContain(expected)
  expect(fault).not.toContain('secret"')
})
