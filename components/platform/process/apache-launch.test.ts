import { afterEach, expect, it, vi } from 'vitest'
import { planCluster } from '../../plan/plan.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { apacheCommand } from './apache-launch.ts'
import { nodeCommand } from './node-launch.ts'

afterEach(() => vi.unstubAllEnvs())

const plan = planCluster(
  parseClusterConfig({
    engine: 'apache',
    nameServers: 1,
    controllers: { mode: 'standalone', replicas: 1 },
    groups: [{ name: 'broker-a' }, { name: 'broker-b', engine: 'gantry' }],
    proxies: {},
    runtime: { javaOptions: ['-Xmx1g', '-XX:+UseZGC'], nodeOptions: ['--max-old-space-size=64'] },
    platform: { process: { apacheHome: '/opt/rocketmq', apacheHeap: '256m' } },
  }),
  { localDataDir: '/data' },
)
const commandOf = (id: string) => nodeCommand(plan.nodes.find((node) => node.id === id)!, plan.programs)

it("starts Apache's class by Java itself: no shell stands between a signal and the server", () => {
  vi.stubEnv('JAVA_HOME', '')
  const { command, args, env } = commandOf('broker-a-0')
  expect(command).toBe('java')
  expect(env).toEqual({ ROCKETMQ_HOME: '/opt/rocketmq' })
  expect(args.filter((arg) => !arg.startsWith('--add-'))).toEqual([
    '-Xms256m',
    '-Xmx256m',
    '-XX:MaxDirectMemorySize=256m',
    '-Duser.home=/data/broker-a-0',
    '-Drmq.logback.configurationFile=rmq.broker.logback.xml',
    '-Dlogback.statusListenerClass=org.apache.rocketmq.logging.ch.qos.logback.core.status.NopStatusListener',
    // After ours, so that they win.
    '-Xmx1g',
    '-XX:+UseZGC',
    '-cp',
    '/opt/rocketmq/lib/*',
    'org.apache.rocketmq.broker.BrokerStartup',
    '-c',
    '/data/broker-a-0/broker.conf',
  ])
  vi.stubEnv('JAVA_HOME', '/opt/jdk')
  expect(commandOf('broker-a-0').command).toBe('/opt/jdk/bin/java')
})

it('knows the class and the flag of every kind of node', () => {
  const tails = ['namesrv-0', 'controller-0', 'proxy-0'].map((id) => commandOf(id).args.slice(-3).join(' '))
  expect(tails).toEqual([
    'org.apache.rocketmq.namesrv.NamesrvStartup -c /data/namesrv-0/namesrv.conf',
    'org.apache.rocketmq.controller.ControllerStartup -c /data/controller-0/controller.conf',
    'org.apache.rocketmq.proxy.ProxyStartup -pc /data/proxy-0/rmq-proxy.json',
  ])
})

it('gives flags of Java to nodes of Apache only, and flags of Node to the others', () => {
  expect(commandOf('broker-b-0').env).toEqual({ GANTRY_NODE_OPTIONS: '--max-old-space-size=64' })
  expect(commandOf('broker-b-0').args).toEqual(['-c', '/data/broker-b-0/broker.conf'])
})

it('says which key is missing', () => {
  expect(() => apacheCommand(plan.nodes[0]!, {})).toThrow(
    'namesrv-0 runs Apache RocketMQ: set platform.process.apacheHome',
  )
})
