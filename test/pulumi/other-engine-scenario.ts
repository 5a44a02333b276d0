import assert from 'node:assert/strict'
import { javaImage } from '../docker/java-image.ts'
import { withClient } from './cluster-client.ts'
import { cutShortEverywhere } from './cut-short.ts'
import type { RunResult } from './engine/engine.ts'
import { freeSubnet } from './free-subnet.ts'
import { changesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'

const cutAtMost = 4

const groupOn = (engine: 'gantry' | 'apache') => ({ groups: [{ name: 'broker-a', replicas: 1, engine }] })

/** The message that was sent at the beginning. */
const stillThere = ({ outputs }: RunResult): Promise<void> =>
  withClient(String(outputs['namesrvAddr']), async (client) => {
    const { masters } = await client.route('orders')
    assert.equal(await client.read('orders', masters.get('broker-a') ?? '', 0), 'kept')
  })

/** Cut short when the volume has just become the other engine's user's, and nobody has written that down. */
async function cutShortAtPlace(scenario: Scenario): Promise<void> {
  for (let at = 1; at <= cutAtMost; at++) {
    const { errors } = await scenario.attempt('up', { interruptAt: at })
    if (errors.some((error) => error.includes(`${scenario.project.stack}-broker-a-0-place`))) return
  }
  assert.fail('the place of the broker was not changed')
}

/** A group goes from one engine to the other and back in its container, cut short at every operation, and taken back in the middle. */
async function otherEngine(scenario: Scenario): Promise<void> {
  const { project, lab } = scenario
  const made = await scenario.run('up')
  await withClient(String(made.outputs['namesrvAddr']), async (client) => {
    assert.equal(await client.sendAndRead('orders', 'kept'), 'kept')
  })
  project.configureCluster(groupOn('apache'))
  await cutShortAtPlace(scenario)
  project.configureCluster(groupOn('gantry'))
  await stillThere(await scenario.run('up'))
  for (const engine of ['apache', 'gantry'] as const) {
    project.configureCluster(groupOn(engine))
    const cut = await cutShortEverywhere(scenario, 'up')
    for (const part of ['-place', '-container', '']) assert.ok(cut.has(`${project.stack}-broker-a-0${part}`), part)
    const result = await scenario.run('up')
    assert.deepEqual(changesOf(result), [])
    await stillThere(result)
    assert.equal((await lab?.containers())?.size, 2, 'nothing is left beside node and NameServer')
  }
}

export const otherEngineScenario: ScenarioEntry = {
  name: 'docker: another engine in a container, there and back, interrupted at every operation and taken back',
  program: '.',
  stack: 'docker-single-master',
  needsDocker: true,
  needsInterrupts: true,
  configure: ({ project }) => {
    const ofEngine = { apacheImage: javaImage, apacheHeap: '256m', memoryMb: { apache: 1024 } }
    project.configureCluster({
      ...groupOn('gantry'),
      topics: [{ name: 'orders', queues: 4 }],
      platform: { docker: { subnet: freeSubnet(), ...ofEngine }, readyTimeoutSeconds: 300 },
    })
  },
  run: otherEngine,
}
