import assert from 'node:assert/strict'
import { planCluster } from '../../components/plan/plan.ts'
import { parseClusterConfig } from '../../components/plan/schema/parse-cluster-config.ts'
import { machineSpec } from '../../components/platform/aws/machine-spec-of-node.ts'
import type { Site } from './site.ts'

export interface ScenarioEntry {
  readonly name: string
  readonly run: (site: Site) => Promise<void>
}

const volumeOf = { 'namesrv-0': 'vol-0aaaaaaaaaaaaaaa0', 'broker-a-0': 'vol-0bbbbbbbbbbbbbbb0' }

function planned(changes: object = {}) {
  const config = parseClusterConfig({
    groups: [{ name: 'broker-a' }],
    topics: [],
    platform: { aws: { network: { cidr: '10.60.0.0/16', zones: ['eu-central-1a'] } } },
    ...changes,
  })
  const { nodes } = planCluster(config, { localDataDir: '/none' })
  return (id: 'namesrv-0' | 'broker-a-0', site: Site, artifact = site.artifact) => {
    const node = nodes.find((each) => each.id === id)
    if (node === undefined) throw new Error(`no node ${id}`)
    const from = { clusterName: config.name, region: 'eu-central-1', dataRoot: config.dataDir, apacheHeap: '256m' }
    return machineSpec(node, { ...from, artifact, dataVolumeId: volumeOf[id] })
  }
}

/** From blank volumes to a message, to the same message after both machines were replaced. */
async function lifeOfACluster(site: Site): Promise<void> {
  const specOf = planned()
  for (const address of ['10.60.0.16', '10.60.0.128']) site.network.add(address)
  const disks = { 'namesrv-0': site.disk(256), 'broker-a-0': site.disk(3000) }
  for (const id of ['namesrv-0', 'broker-a-0'] as const) {
    const { ok, output } = await site.boot(specOf(id, site), disks[id])
    assert.ok(ok, output)
    assert.match(output, /is blank: making a file system/)
    assert.match(output, new RegExp(`gantry: ${id} has been started`))
  }
  assert.equal(await site.client('send', 'TBW102', 'hello'), 'hello')
}

export const scenarios: readonly ScenarioEntry[] = [
  { name: 'user data makes a NameServer and a broker that serve', run: lifeOfACluster },
]
