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
  const placed = 'clusterName,engine,hosts,antiAffinity,ports,dataDir,runtime,platform'
  expect(shape).toEqual({
    AwsFoundation:
      'engines,controllers,proxies,secretsPrefix,parameters,architectures,clusterName,ports,platform -> vpcId,subnetIds,securityGroupIds,instanceProfile,instanceProfiles,secretsPrefix,zoneId,imageIds,objects,routeTableId',
    BrokerGroup: `brokerName,namesrvAddr,controllerAddr,replicas,replication,minInSyncReplicas,flush,placement,listenPorts,config,aws,${placed} -> nodes,brokerName`,
    ConsumerGroup:
      'groupName,namesrvAddr,clusterName,groups,orderly,broadcast,retryQueues,retryMaxTimes,existing -> groupName',
    ControllerQuorum: `replicas,placement,config,run,${placed} -> controllerAddr,nodes,confFiles,warnings`,
    NameServerFleet: `replicas,placement,config,controllers,${placed} -> namesrvAddr,internalNamesrvAddr,controllerAddr,nodes`,
    ProxyFleet: `namesrvAddr,replicas,placement,config,run,${placed} -> endpoints,nodes,confFiles`,
    RocketCluster:
      'name,engine,nameServers,nameServerHosts,nameServerConfig,controllers,groups,brokerConfig,hosts,antiAffinity,ports,dataDir,runtime,proxies,security,topics,consumerGroups,platform -> namesrvAddr,controllerAddr,endpoints,nodes,caCertificates,clientCertificate,adminCredentials',
    Topic: 'topicName,namesrvAddr,clusterName,queues,queuesPerGroup,groups,perm,order,existing -> topicName',
  })
  const types =
    'AntiAffinity BrokerGroupSpecArgs ClusterNode ConsumerGroupSpecArgs ControllerMode ControllersArgs DockerHostArgs DockerMemoryArgs DockerPlatformArgs EmbeddedControllersArgs Engine Existing Flush HostArgs Permission'
  const security =
    'AccessControlArgs AdminCredentials ClientCertificate ClientCertificates SecurityArgs TlsArgs TlsMode'
  const aws =
    'Artifacts BrokerMachine Group Images Network Object Peers Platform ProxyMachine RegistryMachine Shared Subnet'
  expect(Object.keys(typeDefinitions).sort()).toEqual(
    [
      ...`${types} PlatformArgs PortsArgs ProcessPlatformArgs ProxiesArgs RenderedConf Replication RuntimeArgs TopicSpecArgs`.split(
        ' ',
      ),
      ...security.split(' '),
      ...aws.split(' ').map((name) => `Aws${name}Args`),
    ].sort(),
  )
})
