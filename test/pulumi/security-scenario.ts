import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AccessSecrets } from '../../components/admin/tool-access.ts'
import { changesOf, namesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'
import { secretsOf, sendTo } from './secured-client.ts'

const tls = { clientCertificates: 'require' }

async function guarded(scenario: Scenario): Promise<void> {
  const { ports } = scenario.project.cluster as unknown as { ports: { nameServer: number } }
  const basePort = ports.nameServer
  const send = (port: number, secrets: AccessSecrets) => sendTo(`127.0.0.1:${port + 1035}`, secrets)
  const security = (more: object) =>
    scenario.project.configureCluster({ security: { tls: { ...tls, ...more }, accessControl: {} } })
  const first = await scenario.run('up')
  const secrets = secretsOf(first.outputs)
  await send(basePort, secrets)
  const { tls: files, credentials } = secrets
  await assert.rejects(send(basePort, { tls: files! }), 'unsigned')
  await assert.rejects(send(basePort, { credentials: credentials! }), 'without TLS')
  for (const node of ['namesrv-0', 'broker-a-0']) {
    const record = scenario.processes().get(node)!
    const shown = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${record.pid}/${name}`, 'latin1')).join()
    for (const secret of [credentials!.secretKey, 'PRIVATE KEY']) assert.ok(!shown.includes(secret), `${node} shows it`)
    assert.equal(statSync(join(scenario.project.dataDir, node, 'tls/node.key')).mode & 0o777, 0o600)
  }
  assert.deepEqual(changesOf(await scenario.run('up')), [], 'a second up changes nothing')
  assert.deepEqual(changesOf(await scenario.run('refresh')), [], 'nor is there anything to refresh')

  const before = [...scenario.processes()].map(([node, { pid }]) => `${node} ${pid}`)
  security({ generation: 2 })
  const refused = await scenario.attempt('up')
  assert.ok(!refused.ok && refused.errors.join().includes('announceNext: true'), refused.errors.join())
  security({ announceNext: true })
  const announced = secretsOf((await scenario.run('up')).outputs)
  assert.equal(announced.tls!.trusted.split('BEGIN CERTIFICATE').length, 3)
  assert.deepEqual(announced.credentials, credentials)
  security({ generation: 2 })
  const second = secretsOf((await scenario.run('up')).outputs)
  await send(basePort, second)
  // A client that trusts both and shows what it had before.
  await send(basePort, { ...announced })
  security({ generation: 2, trustPrevious: false })
  const last = secretsOf((await scenario.run('up')).outputs)
  await send(basePort, last)
  await assert.rejects(send(basePort, announced), 'what the authority of before has signed')
  assert.deepEqual(
    [...scenario.processes()].map(([node, { pid }]) => `${node} ${pid}`),
    before,
    'nothing was restarted',
  )
  scenario.project.configureCluster({ topics: [{ name: 'orders', queues: 6 }] })
  assert.deepEqual(namesOf(await scenario.run('up'), 'update'), ['single-master-orders'])
  await scenario.run('destroy')
  assert.equal(scenario.processes().size, 0)

  const again = secretsOf((await scenario.run('up')).outputs)
  await send(basePort, again)
  await assert.rejects(send(basePort, { ...again, credentials: { ...credentials!, secretKey: 'another' } }))
  await scenario.run('destroy')
}

export const securityScenario: ScenarioEntry = {
  name: 'security: certificates and credentials as secrets, new certificates, nothing secret where it does not belong',
  program: '.',
  stack: 'single-master',
  configure: ({ project }, basePort) =>
    project.configureCluster({
      ports: { nameServer: basePort, broker: basePort + 1035 },
      topics: [{ name: 'orders', queues: 4 }],
      consumerGroups: [{ name: 'billing' }],
      security: { tls, accessControl: {} },
    }),
  run: guarded,
}
