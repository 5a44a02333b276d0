import * as pulumi from '@pulumi/pulumi'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { allRegistered, mockEngine, registered, settled } from '../testing/registered-resources.ts'
import { ProxyFleet } from './proxy-fleet.ts'

beforeEach(() => mockEngine())
afterEach(allRegistered)

it('renders a conf file per proxy and starts none', async () => {
  const platform = { process: { localDataDir: '/data' } }
  const fleet = new ProxyFleet('proxy', {
    namesrvAddr: pulumi.output('127.0.0.1:9876'),
    replicas: 2,
    platform,
    run: false,
  })
  expect(await settled(fleet.endpoints)).toBe('127.0.0.1:8081;127.0.0.1:8091')
  const files = await settled(fleet.confFiles)
  expect(files.map(({ path }) => path)).toEqual(['/data/proxy-0/rmq-proxy.json', '/data/proxy-1/rmq-proxy.json'])
  expect(JSON.parse(files[1]?.text ?? '')).toEqual({
    rocketMQClusterName: 'DefaultCluster',
    proxyMode: 'CLUSTER',
    grpcServerPort: 8091,
    remotingListenPort: 8090,
    bindAddress: '127.0.0.1',
    namesrvAddr: '127.0.0.1:9876',
  })
  expect(registered.map(({ type }) => type)).toEqual(['gantry:index:ProxyFleet'])
})

it('names a key that is none, and the nearest that is one', () => {
  const config = { grpcShutdownTimeSecond: '5' }
  expect(() => new ProxyFleet('proxy', { namesrvAddr: 'a:9876', config, run: false })).toThrow(
    'gantry:cluster.proxies.config.grpcShutdownTimeSecond: is no key of rmq-proxy.json',
  )
})
