import { readFileSync } from 'node:fs'
import type { Cluster } from './cluster.ts'
import { runJava, withProxy } from './grpc-cluster.ts'
import { ask, type Keys } from './remoting.ts'
import type { Engine, Server } from './server.ts'
import type { Setting } from './setting.ts'
import { buildGrpcClient } from './toolchain.ts'

const AREA = 'ACL of the proxy'
const ADMIN = { accessKey: 'admin', secretKey: 'admin-secret' }
const ALICE = { accessKey: 'alice', secretKey: 'alice-secret' }
const CLASSES = 'org.apache.rocketmq'
const SWITCHES = {
  authenticationEnabled: true,
  authorizationEnabled: true,
  authenticationProvider: `${CLASSES}.auth.authentication.provider.DefaultAuthenticationProvider`,
  authorizationProvider: `${CLASSES}.auth.authorization.provider.DefaultAuthorizationProvider`,
  innerClientAuthenticationCredentials: '{"accessKey":"inner","secretKey":"inner-secret"}',
}
export const CONF = {
  ...SWITCHES,
  authenticationMetadataProvider: `${CLASSES}.auth.authentication.provider.LocalAuthenticationMetadataProvider`,
  authorizationMetadataProvider: `${CLASSES}.auth.authorization.provider.LocalAuthorizationMetadataProvider`,
  initAuthenticationUser: '{"username":"admin","password":"admin-secret"}',
  transactionCheckInterval: 3000,
  transactionTimeOut: 2000,
}
export const PROXY_CONF = {
  ...SWITCHES,
  authenticationMetadataProvider: `${CLASSES}.proxy.auth.ProxyAuthenticationMetadataProvider`,
  authorizationMetadataProvider: `${CLASSES}.proxy.auth.ProxyAuthorizationMetadataProvider`,
}
const TOPICS = {
  ...{ 'grpc-normal': 'NORMAL', 'grpc-fifo': 'FIFO', 'grpc-delay': 'DELAY', 'grpc-transaction': 'TRANSACTION' },
  'grpc-denied': 'NORMAL',
}
const SCENARIOS = ['push', 'fifo', 'transaction', 'orphans', 'simple', 'retry', 'dead-letter']
const [AUTH_CREATE_USER, AUTH_CREATE_ACL] = [3001, 3006]

/** The official gRPC client through a proxy that checks who it is, before brokers that do: Apache's, and ours. */
export async function grpcAcl({ dir, report, engine, wanted }: Setting): Promise<void> {
  await buildGrpcClient()
  const engines: readonly Engine[] = engine === 'apache' ? ['apache'] : ['apache', 'gantry']
  for (const brokers of engines.filter((one) => wanted(`acl of the proxy on ${one}`))) {
    await report.attempt(AREA, `proxy of ${engine}, brokers of ${brokers}`, async () => {
      const groups = Object.fromEntries(
        SCENARIOS.map((scenario) => [
          `g-${scenario}`,
          {
            consumeMessageOrderly: ['fifo', 'dead-letter'].includes(scenario),
            ...(scenario === 'dead-letter' ? { retryMaxTimes: 1 } : {}),
          },
        ]),
      )
      const options = { name: `grpc-acl-${brokers}`, dir, engine, brokers, topics: TOPICS, conf: CONF, keys: ADMIN }
      await withProxy({ ...options, groups, proxyConf: PROXY_CONF }, async (proxy, cluster) => {
        await makeUsers(cluster)
        for (const row of await runJava(proxy.address, SCENARIOS, ALICE)) {
          report.scenario(`gRPC java with ACL, ${brokers}`, row)
        }
        await refusals({ report, engine } as Setting, proxy, brokers)
      })
    })
  }
}

export async function makeUsers(cluster: Cluster): Promise<void> {
  for (const { address } of cluster.masters) {
    const put = async (code: number, extFields: Record<string, string>, content: object): Promise<void> => {
      const answer = await ask(address, { code, extFields, body: Buffer.from(JSON.stringify(content)) }, ADMIN)
      if (answer.code !== 0) throw new Error(`${address}, request ${code}: ${answer.code} ${answer.remark}`)
    }
    for (const username of ['alice', 'bob']) {
      const user = { username, password: `${username}-secret`, userType: 'Normal' }
      await put(AUTH_CREATE_USER, { username }, user)
    }
    const entry = (resource: string, actions: string[], decision = 'Allow') => ({ resource, actions, decision })
    const entries = [
      entry('Topic:grpc-*', ['Pub', 'Sub', 'Get']),
      entry('Topic:grpc-denied', ['All'], 'Deny'),
      entry('Group:g-*', ['Sub']),
      entry('Topic:%DLQ%g-*', ['Sub']),
      // Who replies asks for its route.
      entry('Topic:CompatCluster_REPLY_TOPIC', ['Pub']),
    ]
    const acl = { subject: 'User:alice', policies: [{ policyType: 'Custom', entries }] }
    await put(AUTH_CREATE_ACL, { subject: 'User:alice' }, acl)
  }
}

/** Who is not known, not proven or not allowed gets nothing, and the log of our proxy says why. */
async function refusals({ report, engine }: Setting, proxy: Server, brokers: Engine): Promise<void> {
  const cases: [what: string, scenario: string, keys: Keys | undefined, topic: string, logged: string][] = [
    ['no credentials', 'send-one', undefined, 'grpc-normal', 'the request is not signed'],
    ['a wrong secret', 'send-one', { ...ALICE, secretKey: 'wrong' }, 'grpc-normal', 'there is no such user'],
    ['an unknown user', 'send-one', { accessKey: 'nobody', secretKey: 'x' }, 'grpc-normal', 'there is no such user'],
    ['no policies', 'send-one', { accessKey: 'bob', secretKey: 'bob-secret' }, 'grpc-normal', 'no matched policies'],
    ['a denied topic', 'send-one', ALICE, 'grpc-denied', 'Topic:grpc-denied from 127.0.0.1, the decision is deny'],
    ['a group of others', 'receive-one', ALICE, 'grpc-normal', 'Group:others from 127.0.0.1, no matched policies'],
  ]
  for (const [what, scenario, keys, topic, logged] of cases) {
    const name = `${what}, brokers of ${brokers}: refused`
    await report.attempt(AREA, name, async () => {
      const before = readFileSync(proxy.logFile, 'utf8').length
      const [row] = await runJava(proxy.address, [scenario], { ...keys, topic, group: 'others' })
      const isRefused = row?.received === 0 && row.faults.length > 0
      const lines = readFileSync(proxy.logFile, 'utf8').slice(before)
      const isTold = engine === 'apache' || (lines.includes(logged) && !lines.includes('-secret'))
      report.check(AREA, name, isRefused && isTold, `${row?.faults.join('; ')}\n${lines}`)
    })
  }
}
