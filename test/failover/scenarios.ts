import { handOver, stopMasters } from './hand-overs.ts'
import { killAtRandom, killMasters } from './kills.ts'
import { freezeMasters } from './silences.ts'
import type { TrialResult, TrialSettings } from './trial.ts'

/** Sends in a row, as in the measurements of the original. */
const EVERY_MS = 20
const POLL_MS = 1_000

/** `expect`: what must hold beside that nothing is lost; the faults in words. */
export type TrialCase = TrialSettings & { readonly expect: (result: TrialResult) => string[] }

/** The trials of a run; `kills` overrides how many of each there are. */
export function trialsOf(isFull: boolean, kills: number | undefined): TrialCase[] {
  const count = (full: number, brief: number): number => kills ?? (isFull ? full : brief)
  const common = { stack: 'controller-embedded', groups: 1, everyMs: EVERY_MS, expect: () => [] } as const
  const all: (TrialCase & { readonly isBrief?: boolean })[] = [
    {
      ...common,
      name: 'random kills, embedded controllers, routes every second',
      pollMs: POLL_MS,
      isBrief: true,
      disturb: (trial) => killAtRandom(trial, count(100, 12)),
    },
    {
      ...common,
      name: 'random kills, standalone controllers, routes every second',
      stack: 'controller-standalone',
      pollMs: POLL_MS,
      disturb: (trial) => killAtRandom(trial, count(100, 12)),
    },
    {
      ...common,
      name: 'kills of masters, routes every 30 s',
      isBrief: true,
      disturb: (trial) => killMasters(trial, count(100, 5)),
    },
    {
      ...common,
      name: 'kills of masters, two groups, routes every 30 s',
      groups: 2,
      disturb: (trial) => killMasters(trial, count(100, 5)),
      expect: noSendFails,
    },
    {
      ...common,
      name: 'hand-overs, routes every second',
      pollMs: POLL_MS,
      isBrief: true,
      disturb: (trial) => handOver(trial, count(50, 6)),
      expect: noSendFails,
    },
    {
      ...common,
      name: 'masters stopped in good order, two groups',
      groups: 2,
      disturb: (trial) => stopMasters(trial, count(30, 4)),
      expect: noSendFails,
    },
    {
      ...common,
      name: 'silent masters, heartbeat timeout of a second',
      pollMs: POLL_MS,
      timeoutMs: 500,
      config: { brokerConfig: { controllerHeartBeatTimeoutMills: 1_000, brokerHeartbeatInterval: 300 } },
      isBrief: true,
      disturb: (trial) => freezeMasters(trial, count(20, 2)),
    },
  ]
  return all.filter(({ isBrief }) => isFull || isBrief === true)
}

/** A producer that tries again, with somewhere else to go, sees no error. */
function noSendFails({ ledger }: TrialResult): string[] {
  const [first] = ledger.failed
  return first === undefined ? [] : [`${ledger.failed.length} sends failed, the first with: ${first.error}`]
}
