import type { CrashKind } from '../sim-disk.ts'
import type { World } from '../world/world.ts'

export const SCENARIOS = [
  'single-master',
  'master-slave-async',
  'master-slave-sync',
  'controller-standalone',
  'controller-embedded',
  'rollout-classic',
  'rollout-controller',
  'controller-pop',
] as const

export type ScenarioName = (typeof SCENARIOS)[number]

/** What a cluster consists of, and what may happen to it without a promise being broken. */
export interface Shape {
  readonly scenario: ScenarioName
  readonly nameServers: number
  readonly controllers: number
  readonly areEmbedded: boolean
  readonly groups: number
  /** Brokers per group. */
  readonly replicas: number
  readonly isSyncFlush: boolean
  readonly crashes: readonly CrashKind[]
  /** Clients send transactions as well: with controllers, where masters change and nothing that is acknowledged is lost. */
  readonly hasTransactions: boolean
  /** A group pops, too. */
  readonly hasPops: boolean
  /** Lines of every broker.conf. */
  readonly settings: string
}

const ALL_CRASHES: readonly CrashKind[] = ['process', 'process', 'power', 'power-worst']

export function isScenario(name: string): name is ScenarioName {
  return (SCENARIOS as readonly string[]).includes(name)
}

/** The cluster of a scenario, in the variation that the seed chooses. */
export function shapeOf(scenario: ScenarioName, world: World): Shape {
  const isSyncFlush = world.random.below(2) === 0
  // A topic that a full disk took away and a producer brought back is like the one the operator wants.
  const flush = `flushDiskType=${isSyncFlush ? 'SYNC_FLUSH' : 'ASYNC_FLUSH'}\ndefaultTopicQueueNums=2\n`
  const hasPops = scenario === 'controller-pop'
  const hasTransactions = scenario.startsWith('controller') && !hasPops && world.chance(50)
  const common = { scenario, isSyncFlush, hasTransactions, hasPops }
  const classic = { ...common, controllers: 0, areEmbedded: false, groups: 1, crashes: ALL_CRASHES }
  switch (scenario) {
    case 'single-master':
      return { ...classic, nameServers: 1, replicas: 1, settings: flush }
    case 'master-slave-async':
      return { ...classic, nameServers: 2, replicas: 2, settings: flush }
    case 'master-slave-sync':
      return { ...classic, nameServers: 2, replicas: 2, settings: flush }
    case 'controller-standalone':
    case 'controller-embedded':
    case 'controller-pop':
      return replicated(common, world, flush)
    case 'rollout-classic':
      // Who counts what nodes there are is its config.
      return { ...classic, nameServers: 0, replicas: 0, settings: '' }
    case 'rollout-controller':
      return { ...replicated(common, world, flush), settings: '' }
  }
}

type Common = Pick<Shape, 'scenario' | 'isSyncFlush' | 'hasTransactions' | 'hasPops'>

function replicated(common: Common, world: World, flush: string): Shape {
  const { scenario, isSyncFlush } = common
  const areEmbedded = scenario === 'controller-embedded'
  return {
    ...common,
    nameServers: areEmbedded ? 3 : 1,
    controllers: 3,
    areEmbedded,
    groups: world.chance(25) ? 2 : 1,
    replicas: 3,
    // With ASYNC_FLUSH messages are in the memory of two machines at least: one of them may lose its power, see LonePowerCut.
    crashes: isSyncFlush ? ALL_CRASHES : ['process'],
    settings: `${flush}minInSyncReplicas=${isSyncFlush ? 1 : 2}
enableControllerMode=true
allAckInSyncStateSet=true
controllerHeartBeatTimeoutMills=2000
haMaxTimeSlaveNotCatchup=2000
`,
  }
}
