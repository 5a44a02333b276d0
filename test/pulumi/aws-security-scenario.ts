import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { artifactFolder } from '../../components/platform/aws/testing/aws-answers.ts'
import { existingVpc, namesOf } from './aws-scenarios.ts'
import { motoCloud } from './engine/aws/moto-bridge.ts'
import { changesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'
import { secretsOf } from './secured-client.ts'

const firstStep = { mode: 'permissive', betweenNodes: false }
const nodes = ['aws-dev-broker-a-0', 'aws-dev-namesrv-0']

interface Secrets {
  readonly files: Readonly<Record<string, string>>
  readonly words: Readonly<Record<string, string>>
}

/** Parameters with this in their names. */
async function parametersOf(part: string): Promise<{ readonly Name: string; readonly Type: string }[]> {
  const filters = { ParameterFilters: [{ Key: 'Name', Option: 'Contains', Values: [part] }] }
  type Found = { Parameters: { Name: string; Type: string }[] }
  return (await motoCloud().ask<Found>('ssm', 'describe_parameters', filters)).Parameters
}

/** The parameter of the broker, as its instance reads it. */
async function brokerSecrets(): Promise<Secrets> {
  const [{ Name, Type } = { Name: '', Type: '' }] = await parametersOf('/broker/broker-a-0')
  assert.match(Name, /^\/gantry\/[^/]+\/aws-dev\/aws-dev\/broker\/broker-a-0$/)
  assert.equal(Type, 'SecureString')
  type Found = { Parameter: { Value: string } }
  const { Parameter } = await motoCloud().ask<Found>('ssm', 'get_parameter', { Name, WithDecryption: true })
  return JSON.parse(Parameter.Value) as Secrets
}

const certificatesIn = (text: string | undefined): number => (text ?? '').split('BEGIN CERTIFICATE').length - 1

/** From a cluster without to the first step, and to an authority that is new: who is replaced, and who is not. */
async function stepByStep(scenario: Scenario): Promise<void> {
  const { project } = scenario
  const security = (tls: object) => project.configureCluster({ security: { tls, accessControl: { enforce: false } } })
  await scenario.run('up')

  security({})
  const refused = await scenario.attempt('preview')
  assert.ok(!refused.ok, 'all at once')
  assert.match(
    refused.errors.join(),
    /tls: \{ mode: permissive, betweenNodes: false \}, then tls: \{ mode: permissive \}/,
  )

  security(firstStep)
  const first = await scenario.run('up')
  assert.deepEqual(namesOf(first, 'replace', 'Instance'), nodes)
  assert.deepEqual(
    namesOf(first, 'create', 'Parameter'),
    nodes.map((name) => `${name}-secrets`),
  )
  const { files, words } = await brokerSecrets()
  assert.match(files['node.key'] ?? '', /^-----BEGIN PRIVATE KEY-----\n/)
  assert.deepEqual([certificatesIn(files['node.crt']), certificatesIn(files['ca.crt'])], [1, 1])
  assert.deepEqual(Object.keys(words), ['[secret: servers]'], 'nobody is checked yet')
  assert.equal(certificatesIn(String(first.outputs['caCertificates'])), 1)
  assert.ok(secretsOf(first.outputs).credentials)
  assert.deepEqual(changesOf(await scenario.run('up')), [], 'a second up changes nothing')
  assert.deepEqual(changesOf(await scenario.run('refresh')), [], 'nor is there anything to refresh')

  security({ ...firstStep, announceNext: true })
  const announced = await scenario.run('up')
  assert.deepEqual(
    namesOf(announced, 'update', 'Parameter'),
    nodes.map((name) => `${name}-secrets`),
  )
  assert.deepEqual(namesOf(announced, 'replace', 'Instance'), [], 'nodes take them while they run')
  assert.equal(certificatesIn((await brokerSecrets()).files['ca.crt']), 2)

  security({ ...firstStep, generation: 2 })
  const early = await scenario.attempt('preview')
  assert.match(early.errors.join(), /nodes are still taking what the last change made: run this again after 20/)

  await scenario.run('destroy')
  assert.deepEqual(await parametersOf('/gantry/'), [])
}

async function inExistingVpc(scenario: Scenario): Promise<void> {
  const folder = artifactFolder()
  try {
    const { vpcId, subnets } = await existingVpc()
    const aws = { network: { vpcId, subnets }, artifacts: { folder } }
    const parts = { nameServers: 1, groups: [{ name: 'broker-a' }], topics: [], consumerGroups: [] }
    scenario.project.configureCluster({ ...parts, platform: { aws } })
    await stepByStep(scenario)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const awsSecurityScenario: ScenarioEntry = {
  name: 'security on AWS, on one that moto plays: secrets in parameters, and what replaces instances',
  program: '.',
  stack: 'aws-dev',
  configure: () => {},
  needsStandIns: true,
  run: inExistingVpc,
}
