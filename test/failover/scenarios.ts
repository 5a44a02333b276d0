import { killAtRandom, killMasters } from './kills.ts'
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
    },
  ]
  return all.filter(({ isBrief }) => isFull || isBrief === true)
}
