import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterConfigInput } from '../../../components/plan/schema/cluster-config.ts'
import { Driver } from '../../compat/driver.ts'
import type { Engine } from '../../compat/server.ts'
import { buildJavaClient } from '../../compat/toolchain.ts'
import { handOver } from '../../failover/hand-overs.ts'
import { killMasters } from '../../failover/kills.ts'
import { freezeMasters } from '../../failover/silences.ts'
import { stopAllClusters } from '../../failover/stack-cluster.ts'
import { faultsOf, Trial, type TrialResult, type TrialSettings } from '../../failover/trial.ts'
import { type Bench, BOTH, type CellGroup, tell } from '../bench.ts'
import type { Figures } from '../figures.ts'

/** A folder with lib/, filled by install.sh. */
const APACHE_HOME = join(import.meta.dirname, '../../compat/reference')
const EVERY_MS = 20
const POLL_MS = 1_000
/** So often for ours; Apache's, whose Java takes many seconds to be back, fewer times. */
const TIMES: Readonly<Record<Engine, number>> = { gantry: 100, apache: 8 }
const FEWER_TIMES: Readonly<Record<Engine, number>> = { gantry: 20, apache: 5 }

/** After a kill Apache's new master is alone in the SyncStateSet for about ten seconds, and with 2 would refuse everything. */
const MAY_BE_ALONE = { groups: [{ name: 'broker-a', replicas: 3, replication: 'sync' as const, minInSyncReplicas: 1 }] }

/**
 * Ours as the stack has it, two copies of everything; Apache's with one copy and its timeouts turned down, without which it
 * takes many seconds.
 */
const TUNED: Readonly<Record<Engine, Partial<ClusterConfigInput>>> = {
  gantry: {},
  apache: {
    ...MAY_BE_ALONE,
    brokerConfig: { controllerHeartBeatTimeoutMills: 3_000, brokerHeartbeatInterval: 500 },
    nameServerConfig: { scanNotActiveBrokerInterval: 1_000 },
  },
}
/** For both: what silence costs is a matter of this setting. */
const SHORT_TIMEOUT: Partial<ClusterConfigInput> = {
  brokerConfig: { controllerHeartBeatTimeoutMills: 3_000, brokerHeartbeatInterval: 500 },
  nameServerConfig: { scanNotActiveBrokerInterval: 1_000 },
}

const OURS: readonly Engine[] = ['gantry']
/** Of three; a third one of Apache's sometimes never comes back into the set after it was master. */
const IN_SYNC_APACHE = 2

interface Cell {
  readonly what: string
  readonly times: Readonly<Record<Engine, number>>
  readonly config: (engine: Engine) => Partial<ClusterConfigInput>
  readonly settings: Pick<TrialSettings, 'pollMs' | 'timeoutMs'>
  readonly disturb: (trial: Trial, times: number) => Promise<void>
}

const FIRST = 'failover-kill'
const CELLS: Readonly<Record<string, Cell>> = {
  [FIRST]: {
    what: 'kill -9 of the master of three replicas, official producer every 20 ms with its retries, routes polled every second (Apache: timeouts turned down)',
    times: TIMES,
    config: (engine) => TUNED[engine],
    settings: { pollMs: POLL_MS },
    disturb: killMasters,
  },
  'failover-kill-default-polling': {
    what: "the same with the client's default polling, every 30 s",
    times: FEWER_TIMES,
    config: (engine) => TUNED[engine],
    settings: {},
    disturb: killMasters,
  },
  'failover-hand-over': {
    what: 'another replica is elected by an operator, routes polled every second',
    times: FEWER_TIMES,
    config: (engine) => TUNED[engine],
    settings: { pollMs: POLL_MS },
    disturb: handOver,
  },
  'failover-silent': {
    what: 'SIGSTOP of the master, heartbeat timeout 3 s, send timeout of the client 500 ms, routes polled every second',
    times: FEWER_TIMES,
    config: (engine) => (engine === 'apache' ? { ...SHORT_TIMEOUT, ...MAY_BE_ALONE } : SHORT_TIMEOUT),
    settings: { pollMs: POLL_MS, timeoutMs: 500 },
    disturb: freezeMasters,
  },
}

export const failover: CellGroup = {
  cells: Object.fromEntries(Object.entries(CELLS).map(([name, { what }]) => [name, what])),
  run: async (bench) => {
    const home = join(bench.dir, 'failover-driver')
    mkdirSync(home, { recursive: true })
    await buildJavaClient()
    const driver = new Driver('JSON', home)
    try {
      for (const [name, cell] of Object.entries(CELLS)) {
        // To see that the cells work, ours are enough: a cluster of Apache's takes half a minute to start and to lose a master.
        for (const engine of bench.settings.smoke ? OURS : BOTH)
          await bench.measure(name, engine, 1, () => measure(bench, driver, name, cell, engine))
      }
    } finally {
      await driver.close()
    }
  },
}

async function measure(bench: Bench, driver: Driver, name: string, cell: Cell, engine: Engine): Promise<Figures> {
  const times = bench.settings.smoke ? 1 : cell.times[engine]
  const dir = join(bench.dir, `${name}-${engine}`)
  const platform = { process: { apacheHome: APACHE_HOME, apacheHeap: '512m' } }
  const settings: TrialSettings = {
    name,
    stack: 'controller-embedded',
    groups: 1,
    everyMs: EVERY_MS,
    ...cell.settings,
    config: { ...cell.config(engine), ...(engine === 'apache' ? { engine, platform } : {}) },
    ...(engine === 'apache' ? { inSync: IN_SYNC_APACHE } : {}),
    disturb: (trial) => cell.disturb(trial, times),
  }
  try {
    const result = await Trial.run(settings, driver, dir, 1, tell)
    for (const fault of faultsOf(result)) tell(`${name} ${engine}: ${fault}`)
    return figuresOf(result)
  } finally {
    await stopAllClusters()
    rmSync(dir, { recursive: true, force: true })
  }
}

function figuresOf({ gaps, writable, routed, ledger, verdict }: TrialResult): Figures {
  const recovery =
    writable.count === 0
      ? {}
      : { writableP50Ms: writable.p50, writableP99Ms: writable.p99, routedP50Ms: routed.p50, routedP99Ms: routed.p99 }
  return {
    gapP50Ms: gaps.p50,
    gapP99Ms: gaps.p99,
    gapMaxMs: gaps.max,
    ...recovery,
    failedSends: ledger.failed.length / gaps.count,
    lostMessages: verdict.lost.length,
  }
}
