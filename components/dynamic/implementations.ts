import { consumerGroupImplementation } from '../consumer-group/consumer-group-implementation.ts'
import { nodeReadyImplementation } from '../platform/aws/node-ready-implementation.ts'
import { nodeSeatImplementation } from '../platform/aws/node-seat-implementation.ts'
import { dockerNetworkImplementation } from '../platform/docker/provider/docker-network-implementation.ts'
import { dockerNodeImplementation } from '../platform/docker/provider/docker-node-implementation.ts'
import { dockerPlaceImplementation } from '../platform/docker/provider/docker-place-implementation.ts'
import { dataFolderImplementation } from '../platform/process/provider/data-folder-implementation.ts'
import { processNodeImplementation } from '../platform/process/provider/process-node-implementation.ts'
import { controllerMemberImplementation } from '../rollout/controller-member-implementation.ts'
import { groupTrafficImplementation } from '../rollout/group-traffic-implementation.ts'
import { nodeGateImplementation } from '../rollout/node-gate-implementation.ts'
import { replicaBooksImplementation, replicaLeaveImplementation } from '../rollout/replica-implementations.ts'
import { clusterSecretsImplementation } from '../security/cluster-secrets-implementation.ts'
import { nodeCertificateImplementation } from '../security/node-certificate-implementation.ts'
import { topicImplementation } from '../topic/topic-implementation.ts'
import type { Implementation } from './implementation.ts'
import { reachingNodes } from './reaching-nodes.ts'

const all = {
  dataFolder: dataFolderImplementation,
  processNode: processNodeImplementation,
  dockerNetwork: dockerNetworkImplementation,
  dockerPlace: dockerPlaceImplementation,
  dockerNode: dockerNodeImplementation,
  nodeSeat: nodeSeatImplementation,
  nodeReady: nodeReadyImplementation,
  nodeGate: nodeGateImplementation,
  groupTraffic: groupTrafficImplementation,
  replicaBooks: replicaBooksImplementation,
  replicaLeave: replicaLeaveImplementation,
  controllerMember: controllerMemberImplementation,
  clusterSecrets: clusterSecretsImplementation,
  nodeCertificate: nodeCertificateImplementation,
  topic: topicImplementation,
  consumerGroup: consumerGroupImplementation,
}

/** By the name a resource's provider carries; see serialized-provider.ts. */
export const implementations = Object.fromEntries(
  Object.entries(all).map(([name, code]) => [name, reachingNodes(code as Implementation<object, object>)]),
) as unknown as typeof all
