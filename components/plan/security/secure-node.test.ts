import { expect, it } from 'vitest'
import type { ConfEnv } from '../../../runtime/config/conf-key.ts'
import { parseProxyConf } from '../../../runtime/config/proxy-conf.ts'
import { parseTlsConf } from '../../../runtime/config/tls-conf.ts'
import { ConfigError } from '../config-problem.ts'
import { planCluster } from '../plan.ts'
import { planRollout } from '../rollout/plan-rollout.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'

const base: ClusterConfigInput = {
  nameServers: 1,
  controllers: { mode: 'standalone', replicas: 1 },
  groups: [{ name: 'broker-a', replicas: 1 }],
}
const machine: ConfEnv = {
  ...{ home: '/', rocketmqHome: '/rocketmq', namesrvAddr: undefined, hostName: 'h', localAddress: '10.0.0.1' },
  ...{ processors: 2, workingFolder: '/' },
}
const planOf = (config: Partial<ClusterConfigInput>) =>
  planCluster(parseClusterConfig({ ...base, ...config }), { localDataDir: '/data' })
const textOf = (config: Partial<ClusterConfigInput>, id: string): string =>
  planOf(config).nodes.find((node) => node.id === id)!.confFile.text
const problemsOf = (config: Partial<ClusterConfigInput>): string[] => {
  try {
    parseClusterConfig({ ...base, ...config })
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ path, problem, fix }) => `${path}: ${problem}: ${fix}`)
    throw error
  }
  return []
}

it('leaves a cluster without it as it is', () => {
  const { nodes, security } = planOf({})
  expect(security).toBeUndefined()
  expect(nodes.filter((node) => node.tls !== undefined || /authentic|secret/i.test(node.confFile.text))).toEqual([])
})

it('has brokers check, and everybody sign; words stand for the secrets', () => {
  const config = { security: { accessControl: {} } }
  expect(textOf(config, 'broker-a-0')).toMatch(
    /\ninnerClientAuthenticationCredentials=\[secret: servers\]\nauthenticationEnabled=true\nauthorizationEnabled=true\ninitAuthenticationUser=\[secret: admin\]\n$/,
  )
  for (const id of ['namesrv-0', 'controller-0']) {
    expect(textOf(config, id)).toMatch(/\ninnerClientAuthenticationCredentials=\[secret: servers\]\n$/)
    expect(textOf(config, id)).not.toContain('authenticationEnabled')
  }
  const signing = { security: { accessControl: { enforce: false } } }
  expect(textOf(signing, 'broker-a-0')).toContain('innerClientAuthenticationCredentials')
  expect(textOf(signing, 'broker-a-0')).not.toContain('authenticationEnabled')
})

it('has the same text for the first keys whether it says so or not, and other words for other keys', () => {
  const of = (accessControl: object, id: string) => textOf({ proxies: {}, security: { accessControl } }, id)
  for (const id of ['broker-a-0', 'namesrv-0', 'controller-0', 'proxy-0']) {
    expect(of({ generation: 1 }, id)).toBe(of({}, id))
    expect(of({ generation: 2 }, id)).toBe(
      of({}, id)
        .replaceAll('[secret: servers]', '[secret: servers 2]')
        .replaceAll('[secret: admin]', '[secret: admin 2]'),
    )
    expect(of({ generation: 2 }, id)).not.toBe(of({}, id))
  }
  expect(problemsOf({ security: { accessControl: { generation: 0 } } })).toHaveLength(1)
  expect(problemsOf({ security: { accessControl: { generations: 2 } } } as never)[0]).toContain(
    'Did you mean "generation"?',
  )
})

it('has proxies check as brokers do, in a file that they take', () => {
  const confOf = (security: object): object => {
    const text = textOf({ proxies: {}, security }, 'proxy-0')
    expect(parseProxyConf(text, 'rmq-proxy.json', machine)).toMatchObject({ ok: true, warnings: [] })
    return JSON.parse(text) as object
  }
  const innerClientAuthenticationCredentials = '[secret: servers]'
  const checking = { innerClientAuthenticationCredentials, authenticationEnabled: true, authorizationEnabled: true }
  expect(confOf({ accessControl: {} })).toMatchObject(checking)
  expect(confOf({ accessControl: {} })).not.toHaveProperty('initAuthenticationUser')
  expect(confOf({ tls: {}, accessControl: {} })).toMatchObject({ ...checking, tlsTestModeEnable: false })
  const signing = confOf({ accessControl: { enforce: false } })
  expect(signing).toMatchObject({ innerClientAuthenticationCredentials })
  expect(signing).not.toHaveProperty('authenticationEnabled')
})

it('has proxies check when all brokers do, however many these are, and new ones as well', () => {
  const groups = [
    { name: 'broker-a', replicas: 2 },
    { name: 'broker-b', replicas: 2 },
  ]
  const plan = (enforce: boolean, replicas: number) =>
    planOf({ groups, proxies: { replicas }, security: { accessControl: { enforce } } })
  const { steps } = planRollout({ running: plan(false, 1), wanted: plan(true, 2) })
  const ids = steps.flatMap(({ action }) =>
    action.kind === 'restartNode' || action.kind === 'startNode' ? [action.node.id] : [],
  )
  expect(ids.slice(-2)).toEqual(['proxy-0', 'proxy-1'])
  expect(ids.slice(0, -2).toSorted()).toEqual(['broker-a-0', 'broker-a-1', 'broker-b-0', 'broker-b-1'])
})

it('gives each node a tls.properties that the engine takes', () => {
  const { nodes } = planOf({ security: { tls: { clientCertificates: 'require' } } })
  expect(nodes).toHaveLength(3)
  for (const { dataDir, tls } of nodes) {
    expect(tls?.path).toBe(`${dataDir}/tls/tls.properties`)
    const own = { keyPath: `${dataDir}/tls/node.key`, certPath: `${dataDir}/tls/node.crt`, keyPassword: undefined }
    const trustCertPath = `${dataDir}/tls/ca.crt`
    expect(parseTlsConf([{ name: 'tls.properties', text: tls!.text }])).toEqual({
      ok: true,
      conf: {
        server: { ...own, mode: 'enforcing', clientAuth: 'require', trustCertPath },
        client: { own, trustCertPath },
      },
    })
  }
})

it('without client certificates asks for none, and while TLS is new speaks it with nobody', () => {
  const [{ tls } = {}] = planOf({
    security: { tls: { mode: 'permissive', betweenNodes: false, clientCertificates: 'none' } },
  }).nodes
  expect(parseTlsConf([{ name: 'tls.properties', text: tls!.text }])).toMatchObject({
    conf: { server: { mode: 'permissive', clientAuth: 'none', trustCertPath: undefined }, client: undefined },
  })
})

it('restarts nodes for another way to speak TLS, and for no other certificates', () => {
  const plan = (tls: object) => planOf({ security: { tls } })
  const steps = (before: object, after: object) =>
    planRollout({ running: plan(before), wanted: plan(after) }).steps.filter(
      ({ action }) => action.kind === 'restartNode',
    )
  expect(steps({ mode: 'permissive' }, {}).map(({ reason }) => reason)).toContain('changes how it speaks TLS')
  expect(steps({}, { announceNext: true })).toEqual([])
  expect(steps({ announceNext: true }, { generation: 2 })).toEqual([])
})

it('names unknown keys with the nearest one, what is set twice, and what does not fit', () => {
  expect(problemsOf({ security: { tls: { modus: 'enforcing' } } } as never)[0]).toContain('Did you mean "mode"?')
  expect(problemsOf({ security: { accessControll: {} } } as never)[0]).toContain('Did you mean "accessControl"?')
  expect(problemsOf({ security: { tls: { mode: 'enforced' } } } as never)[0]).toContain('Did you mean "enforcing"?')
  const twice = { security: { accessControl: {} }, brokerConfig: { authenticationEnabled: true } }
  expect(problemsOf(twice)[0]).toContain('brokerConfig.authenticationEnabled: is set by security.accessControl')
  expect(problemsOf({ security: { tls: { betweenNodes: false } } })[0]).toContain('Write mode: permissive')
  const proxies = { replicas: 1, config: { authenticationEnabled: false, tlsTestModeEnable: true } }
  expect(problemsOf({ security: { tls: {}, accessControl: {} }, proxies })).toEqual([
    expect.stringContaining('proxies.config.authenticationEnabled: is set by security.accessControl'),
    expect.stringContaining('proxies.config.tlsTestModeEnable: is set by security.tls'),
  ])
  const apache = { engine: 'apache', platform: { process: { apacheHome: '/opt' } } } as const
  expect(problemsOf({ security: { tls: {} }, ...apache })[0]).toContain('is for nodes of the engine gantry')
})
