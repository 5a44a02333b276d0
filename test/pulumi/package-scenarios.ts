import assert from 'node:assert/strict'
import { withClient } from './cluster-client.ts'
import { InstalledPackage } from './installed-package.ts'
import { changesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'

const example = 'stacks/examples/reuse'
const components = [
  'AwsFoundation',
  'BrokerGroup',
  'ConsumerGroup',
  'ControllerQuorum',
  'NameServerFleet',
  'ProxyFleet',
  'RocketCluster',
  'Topic',
]

/** The package as others have it: compiled, in node_modules, where Node runs no TypeScript. */
async function built(scenario: Scenario): Promise<void> {
  const installed = InstalledPackage.into(scenario.project)
  const { resources, types } = await installed.schema()
  assert.deepEqual(
    Object.keys(resources).sort(),
    components.map((name) => `gantry:index:${name}`),
  )
  const { enum: engines } = types['gantry:index:Engine'] as { enum: { value: string }[] }
  assert.deepEqual(engines.map(({ value }) => value).sort(), ['apache', 'gantry'])

  installed.addProgram(example, 'index.ts')
  installed.checkTypes('index.ts')
  const { outputs } = await scenario.run('up')
  const text = await withClient(String(outputs['namesrvAddr']), (client) => client.sendAndRead('orders', 'hello'))
  assert.equal(text, 'hello')
  assert.deepEqual(changesOf(await scenario.run('up')), [])
  await scenario.run('destroy')
  assert.equal(scenario.processes().size, 0)
}

export const packageScenarios: readonly ScenarioEntry[] = [
  {
    name: 'the compiled package: described to other languages, its declarations hold, an example runs on it',
    program: example,
    stack: 'dev',
    configure: ({ project }, basePort) => {
      project.configure((config) => {
        config[`${project.name}:port`] = String(basePort)
      })
    },
    run: built,
  },
]
