import { keysGeneration, type SecurityConfig, type TlsConfig } from '../schema/security-config.ts'

/** Why a running cluster cannot go from one `security` to another at once, and in which steps it can. */
export interface SecurityRefusal {
  /** From the top of the cluster's config. */
  readonly path: string
  readonly reason: string
}

/** What a cluster passes through, one `up` each: everybody can speak before anybody has to. */
const tlsStages = [
  'no tls',
  'tls: { mode: permissive, betweenNodes: false }',
  'tls: { mode: permissive }',
  'tls: { mode: enforcing }',
] as const
const accessStages = [
  'no accessControl',
  'accessControl: { enforce: false }',
  'accessControl: { enforce: true }',
] as const

const tlsStage = (tls: TlsConfig | undefined): number => {
  if (tls === undefined) return 0
  if (tls.mode === 'enforcing') return 3
  return tls.betweenNodes ? 2 : 1
}

const accessStage = ({ accessControl }: SecurityConfig): number => {
  if (accessControl === undefined) return 0
  return accessControl.enforce ? 2 : 1
}

const stagesBetween = (stages: readonly string[], from: number, to: number): string => {
  const way = from < to ? stages.slice(from + 1, to + 1) : stages.slice(to, from).toReversed()
  return way.join(', then ')
}

const tooFar = (path: string, stages: readonly string[], from: number, to: number, why: string): SecurityRefusal[] => {
  if (Math.abs(from - to) <= 1) return []
  const reason = `${why} while it runs. Bring the cluster up with ${stagesBetween(stages, from, to)}; clients follow between these`
  return [{ path, reason }]
}

const generationRefusals = (before: TlsConfig, after: TlsConfig): SecurityRefusal[] => {
  const path = 'security.tls.generation'
  if (after.generation === before.generation) return []
  if (after.generation !== before.generation + 1) {
    const reason = `the cluster has generation ${before.generation}: the one after it is ${before.generation + 1}`
    return [{ path, reason }]
  }
  if (!before.announceNext) {
    const reason =
      `nobody trusts generation ${after.generation} yet. Bring the cluster up with generation: ${before.generation}, announceNext: true, ` +
      'give clients the certificates of the authorities that are trusted then, and raise the generation after that'
    return [{ path, reason }]
  }
  if (!after.trustPrevious) {
    const reason = `nodes still show certificates of generation ${before.generation}: leave trustPrevious out until they do not`
    return [{ path: 'security.tls.trustPrevious', reason }]
  }
  return []
}

/** New keys are users that brokers are given before anybody signs as one: docs/decisions/0021-new-keys.md. */
const keysRefusals = (before: SecurityConfig, after: SecurityConfig): SecurityRefusal[] => {
  const path = 'security.accessControl.generation'
  const [from, to] = [keysGeneration(before), keysGeneration(after)]
  if (from === undefined || to === undefined || from === to) return []
  if (to !== from + 1)
    return [{ path, reason: `the cluster has keys of generation ${from}: the one after it is ${from + 1}` }]
  if (before.accessControl?.enforce === true && after.accessControl?.enforce === true) return []
  const reason = `only brokers that check know users: keep generation ${from} until they do, with enforce: true, and raise it to ${to} after that`
  return [{ path, reason }]
}

/** What keeps a cluster that runs from being changed so. */
export const securityRefusals = (
  before: SecurityConfig | undefined = {},
  after: SecurityConfig | undefined = {},
): SecurityRefusal[] => [
  ...tooFar(
    'security.tls',
    tlsStages,
    tlsStage(before.tls),
    tlsStage(after.tls),
    'nodes with these settings and nodes with the former ones could not speak with one another',
  ),
  ...(before.tls === undefined || after.tls === undefined ? [] : generationRefusals(before.tls, after.tls)),
  ...tooFar(
    'security.accessControl',
    accessStages,
    accessStage(before),
    accessStage(after),
    'brokers that check would refuse those that do not sign yet',
  ),
  ...keysRefusals(before, after),
]
