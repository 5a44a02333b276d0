import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Analyzer } from '@pulumi/pulumi/provider/experimental/analyzer.js'
import { expect, it } from 'vitest'
import * as api from './index.ts'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const { name } = createRequire(import.meta.url)('../package.json') as { name: string }

/** What Pulumi does when a program in another language adds this package: it reads the components' types. */
it('every exported component can be described to other Pulumi languages', { timeout: 120_000 }, () => {
  const components = Object.entries(api).flatMap(([key, value]) =>
    typeof value === 'function' && /^class /.test(Function.prototype.toString.call(value)) ? [key] : [],
  )
  const analyzer = new Analyzer(root, name, { main: 'components/index.ts' }, new Set(components))
  const { components: found, typeDefinitions } = analyzer.analyze()
  const shape = Object.fromEntries(
    Object.values(found).map((each) => [each.name, `${Object.keys(each.inputs)} -> ${Object.keys(each.outputs)}`]),
  )
  const placed = 'clusterName,hosts,antiAffinity,ports,dataDir,runtime,platform'
  expect(shape).toEqual({
    BrokerGroup: `brokerName,namesrvAddr,replicas,replication,flush,placement,listenPorts,config,${placed} -> nodes,brokerName`,
    ConsumerGroup: 'groupName,namesrvAddr,clusterName,orderly,broadcast,retryQueues,retryMaxTimes -> groupName',
    ControllerQuorum: `replicas,placement,listenPort,config,run,${placed} -> controllerAddr,confFiles,warnings`,
    NameServerFleet: `replicas,placement,config,${placed} -> namesrvAddr,internalNamesrvAddr,nodes`,
    ProxyFleet: `namesrvAddr,replicas,placement,grpcPort,remotingPort,config,run,${placed} -> endpoints,confFiles`,
    RocketCluster:
      'name,nameServers,nameServerHosts,nameServerConfig,groups,brokerConfig,hosts,antiAffinity,ports,dataDir,runtime,topics,consumerGroups,platform -> namesrvAddr,nodes',
    Topic: 'topicName,namesrvAddr,clusterName,queues,queuesPerGroup,perm,order -> topicName',
  })
  const types = 'AntiAffinity BrokerGroupSpecArgs ClusterNode ConsumerGroupSpecArgs Flush HostArgs Permission'
  expect(Object.keys(typeDefinitions).sort()).toEqual(
    `${types} PlatformArgs PortsArgs RenderedConf Replication RuntimeArgs TopicSpecArgs`.split(' '),
  )
})
