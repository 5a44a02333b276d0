import assert from 'node:assert/strict'
import { planCluster } from '../../components/plan/plan.ts'
import type { PlanNode } from '../../components/plan/plan-node.ts'
import type { ClusterConfig } from '../../components/plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../../components/plan/schema/parse-cluster-config.ts'
import { machineSpec } from '../../components/platform/aws/machine-spec-of-node.ts'
import type { MachineObject } from '../../components/platform/aws/user-data/machine-spec.ts'
import type { Site } from './site.ts'

export type NodeId = 'namesrv-0' | 'broker-a-0'

const volumeOf = { 'namesrv-0': 'vol-0aaaaaaaaaaaaaaa0', 'broker-a-0': 'vol-0bbbbbbbbbbbbbbb0' } as const
const addressOf = { 'namesrv-0': '10.60.0.16', 'broker-a-0': '10.60.0.128' } as const
/** Where a node has its secrets. */
export const parameterOf = ({ id, kind }: Pick<PlanNode, 'id' | 'kind'>) => `/gantry/test/dev/shop/${kind}/${id}`

/** Of a cluster with a NameServer and a broker. */
export const clusterConfig = (changes: object = {}): ClusterConfig =>
  parseClusterConfig({
    groups: [{ name: 'broker-a' }],
    platform: { aws: { network: { cidr: '10.60.0.0/16', zones: ['eu-central-1a'] } } },
    ...changes,
  })

/** Specs as the components make them. */
export function specsOf(artifact: MachineObject, changes: object = {}) {
  const config = clusterConfig(changes)
  const { nodes } = planCluster(config, { localDataDir: '/none' })
  return (id: NodeId) => {
    const node = nodes.find((each) => each.id === id)
    if (node === undefined) throw new Error(`no node ${id}`)
    const from = { clusterName: config.name, region: 'eu-central-1', dataRoot: config.dataDir, apacheHeap: '256m' }
    const own = { dataVolumeId: volumeOf[id], ...(node.tls === undefined ? {} : { parameter: parameterOf(node) }) }
    return machineSpec(node, { ...from, artifact, ...own })
  }
}

/** The NameServer, then the broker. */
export async function bootCluster(site: Site, specOf: ReturnType<typeof specsOf>) {
  for (const address of Object.values(addressOf)) site.network.add(address)
  const disk = site.disk(3000)
  const nameServer = await site.boot(specOf('namesrv-0'), site.disk(256))
  assert.ok(nameServer.ok, nameServer.output)
  const broker = await site.boot(specOf('broker-a-0'), disk)
  assert.ok(broker.ok, broker.output)
  return { broker, disk }
}
