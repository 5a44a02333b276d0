import assert from 'node:assert/strict'
import { buildImage } from '../../components/platform/docker/image/build-image.ts'
import { TwoDockerHosts } from '../docker/two-docker-hosts.ts'
import { GAP_MAX_MS } from '../rollout/changes.ts'
import { type Row, tableOf } from '../rollout/figures.ts'
import { type DockerChange, type DockerSeries, dockerSeries } from './docker-changes.ts'
import { makeEarlierImage } from './earlier-image.ts'
import { freeSubnet } from './free-subnet.ts'
import { OfficialLoad } from './official-load.ts'
import { namesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'

/*
 * Stacks in containers are changed by plain `up` under the load of official clients. What test/rollout does with processes
 * and `gantry up`.
 */

/** Clients look at routes every 30 s: what an old route leads to is seen within that. */
const afterwardsMs = 33_000
/** Java takes long to start where much else runs. */
const readyTimeoutSeconds = 300

/** What became of a change, and when: ms since 1970. */
interface Made {
  readonly change: DockerChange
  readonly startMs: number
  readonly doneMs: number
  readonly endMs: number
  readonly faults: readonly string[]
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The stack on two Docker hosts that are there for as long. */
async function onTwoHosts(scenario: Scenario, series: DockerSeries): Promise<void> {
  const machines = await TwoDockerHosts.start(freeSubnet())
  try {
    const { hosts } = machines
    for (const { engine } of hosts) await buildImage(engine.client, { print: () => {} })
    const reach = Object.fromEntries(hosts.map(({ name, reach }) => [name, reach]))
    scenario.project.configureCluster({
      hosts: hosts.map(({ name, address }) => ({ name, address })),
      antiAffinity: 'preferred',
      platform: { docker: { subnet: freeSubnet(), hosts: reach } },
    })
    const addresses = hosts.map(({ address }) => address)
    await underOfficialLoad(scenario, series, addresses)
  } finally {
    // While the hosts are still there.
    await scenario.attempt('destroy')
    await machines.stop()
  }
}

/**
 * Makes changes one after the other until one fails, and prints what clients saw of each.
 * @param hosts addresses of the Docker hosts, where there are two
 */
async function underOfficialLoad(
  scenario: Scenario,
  series: DockerSeries,
  hosts: readonly string[] = [],
): Promise<void> {
  if (series.needsEarlierEngine && scenario.lab !== undefined) {
    process.stdout.write(`     the engine before: ${await makeEarlierImage(scenario.lab.engine)}\n`)
  }
  const { outputs } = await scenario.run('up')
  const namesrvAddr = String(outputs['namesrvAddr'])
  const toCome = series.nameServersToCome?.(namesrvAddr, hosts)
  const load = await OfficialLoad.start(toCome === undefined ? namesrvAddr : `${namesrvAddr};${toCome}`, 'orders')
  try {
    const made: Made[] = []
    for (const change of series.changes) {
      const startMs = Date.now()
      const faults = await carryOut(scenario, series, change)
      const doneMs = Date.now()
      await pause(afterwardsMs)
      made.push({ change, startMs, doneMs, endMs: Date.now(), faults })
      if (faults.length > 0) break
    }
    const figuresBetween = await load.stop()
    const rows = made.map(({ change, startMs, doneMs, endMs, faults }): Row => {
      const figures = figuresBetween(startMs, endMs)
      const name = `${series.topology}: ${change.name}`
      return {
        ...figures,
        change: name,
        tookMs: doneMs - startMs,
        faults: [...faults, ...delays(series, change, figures)],
      }
    })
    process.stdout.write(`${tableOf(rows)}\n`)
    assert.deepEqual(
      rows.flatMap(({ change, faults }) => faults.map((fault) => `${change}: ${fault}`)),
      [],
    )
    assert.deepEqual(rows[0]?.lost, [], 'everything acknowledged is consumed')
    await scenario.run('destroy')
  } finally {
    await load.close()
  }
}

/** @returns what it did wrong */
async function carryOut(scenario: Scenario, { docker }: DockerSeries, change: DockerChange): Promise<string[]> {
  const { project } = scenario
  const platform = project.cluster['platform'] as { docker: object }
  project.configureCluster({
    ...change.config,
    platform: { ...platform, docker: { ...platform.docker, ...docker, ...change.docker } },
  })
  try {
    const replaced = namesOf(await scenario.run('up'), 'replace')
    return change.isLive && replaced.length > 0 ? [`${replaced.join(', ')} were replaced`] : []
  } catch (error) {
    return [(error as Error).message]
  }
}

/** The gate runs other suites beside, with twice as many processes as there are processors: there it shows that clients get on. */
const leniency = process.env['CI'] === 'true' ? 5 : 1

function delays(
  { topology }: DockerSeries,
  { gapMaxMs = GAP_MAX_MS }: DockerChange,
  { sendGapMs }: Pick<Row, 'sendGapMs'>,
): string[] {
  const isTooLong = topology === 'controller' && sendGapMs > gapMaxMs * leniency
  return isTooLong ? [`nothing was acknowledged for ${sendGapMs} ms`] : []
}

export const officialRolloutScenarios: readonly ScenarioEntry[] = dockerSeries.map((series): ScenarioEntry => {
  const { topology, name, stack, from, docker = {}, hasTwoHosts = false } = series
  return {
    name: `rollout: docker: ${topology}: ${name}, under official clients`,
    program: '.',
    stack,
    needsDocker: true,
    configure: ({ project }) => {
      project.configureCluster({
        ...from,
        platform: { docker: { subnet: freeSubnet(), ...docker }, readyTimeoutSeconds },
      })
    },
    run: (scenario) => (hasTwoHosts ? onTwoHosts(scenario, series) : underOfficialLoad(scenario, series)),
  }
})
