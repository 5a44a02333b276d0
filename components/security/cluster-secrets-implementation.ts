import { RealNetwork } from '../../runtime/io/real-network.ts'
import type { AccessSecrets } from '../admin/tool-access.ts'
import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import { joinHostPort } from '../plan/address.ts'
import { keysGeneration, type SecurityConfig } from '../plan/schema/security-config.ts'
import { type SecurityRefusal, securityRefusals } from '../plan/security/security-change.ts'
import { type Authority, authoritiesOf, bundle } from './authorities.ts'
import type { KeyAndCert } from './certificate-facts.ts'
import { type ClusterCredentials, newCredentials, newMark } from './credentials.ts'
import { isServing } from './is-serving.ts'
import { renewed, renewsAt } from './node-certificate.ts'

export interface ClusterSecretsInputs {
  /** Name of the cluster, which authorities carry. */
  readonly cluster: string
  readonly security: SecurityConfig
  /** Where its first NameServer is, or is to be. */
  readonly nameServer: { readonly host: string; readonly port: number }
  /** Within this all nodes go by new certificates, where `up` does not wait for it. */
  readonly takenWithinMs?: number
}

export interface ClusterSecretsOutputs extends ClusterSecretsInputs {
  /** Those that are trusted, the one that signs first. Secret, as all that follows but for `trusted`. */
  readonly authorities: readonly Authority[]
  /** Certificates of the authorities. */
  readonly trusted: string
  readonly credentials: ClusterCredentials | null
  readonly tools: KeyAndCert | null
  /** What tools reach the nodes by. */
  readonly toolAccess: AccessSecrets
  /** What clients show, where they have to show a certificate. */
  readonly client: KeyAndCert | null
  /** When it last changed which authorities are trusted and shown, ms since 1970, if it ever did. */
  readonly trustChangedMs?: number
}

/** What is made for a cluster once: authorities, credentials, certificates of tools and clients. Kept in the state, encrypted. */
export const clusterSecretsImplementation: Implementation<ClusterSecretsInputs, ClusterSecretsOutputs> = {
  problems(news, olds) {
    if (olds === undefined) return []
    return [...securityRefusals(olds.security, news.security), ...otherKeys(olds, news)].map(({ path, reason }) => ({
      property: 'security',
      reason: `gantry:cluster.${path}: ${reason}`,
    }))
  },
  async diff(olds, news) {
    refuseTooSoon(olds, news)
    const isSame = isSameValue([olds.security, olds.cluster], [news.security, news.cluster])
    const validDays = news.security.tls?.validDays
    const isLate = [olds.tools, olds.client].some(
      (pair) => pair !== null && validDays !== undefined && Date.now() >= renewsAt(pair.cert, validDays),
    )
    return { changes: !isSame || isLate, replaces: [] }
  },
  async create(news) {
    await refuseRunning(news)
    return { id: news.cluster, outs: secretsOf(news, undefined) }
  },
  async read(_, known) {
    return known
  },
  async update(olds, news) {
    refuseTooSoon(olds, news)
    return secretsOf(news, olds)
  },
  async delete() {
    // They are in the state only.
  },
}

/** Brokers would have to be given users before the first node changes, and lose others after the last: no resource of a stack is that. */
function otherKeys(olds: ClusterSecretsInputs, news: ClusterSecretsInputs): SecurityRefusal[] {
  const [from, to] = [keysGeneration(olds.security), keysGeneration(news.security)]
  if (from === undefined || to === undefined || from === to) return []
  const reason = `"pulumi up" cannot go from one generation of keys to another: leave it at ${from}. docs/pulumi.md says how others are made`
  return [{ path: 'security.accessControl.generation', reason }]
}

/** A cluster that runs without has to pass through the steps as well. */
async function refuseRunning({ security, nameServer: { host, port } }: ClusterSecretsInputs): Promise<void> {
  const [refusal] = securityRefusals(undefined, security)
  if (refusal === undefined || !(await isServing(new RealNetwork(), joinHostPort(host, port), answerTimeoutMs))) return
  throw new Error(`gantry:cluster.${refusal.path}: a NameServer runs on port ${port} already. ${refusal.reason}`)
}

/** What decides which authorities are trusted and shown; undefined without TLS. */
const trustOf = ({ security: { tls } }: ClusterSecretsInputs) =>
  tls && [tls.generation, tls.announceNext, tls.trustPrevious]

/** Whether other authorities are trusted or shown. Nodes that get TLS, or lose it, start anew with what they are to have. */
const changesTrust = (olds: ClusterSecretsInputs, news: ClusterSecretsInputs): boolean => {
  const [before, after] = [trustOf(olds), trustOf(news)]
  return before !== undefined && after !== undefined && !isSameValue(before, after)
}

/** One step of new certificates comes after the one before has reached everybody: else nodes show what others do not trust yet. */
function refuseTooSoon(olds: ClusterSecretsOutputs, news: ClusterSecretsInputs): void {
  const { trustChangedMs } = olds
  if (trustChangedMs === undefined || !changesTrust(olds, news)) return
  const endMs = trustChangedMs + (news.takenWithinMs ?? 0)
  if (Date.now() >= endMs) return
  const reason = 'nodes are still taking what the last change made'
  throw new Error(`gantry:cluster.security.tls: ${reason}: run this again after ${new Date(endMs).toISOString()}`)
}

/** Between two machines of one network. */
const answerTimeoutMs = 2000

function secretsOf(news: ClusterSecretsInputs, olds: ClusterSecretsOutputs | undefined): ClusterSecretsOutputs {
  const { tls, accessControl } = news.security
  const nowMs = Date.now()
  const authorities = tls === undefined ? [] : authoritiesOf(olds?.authorities ?? [], tls, news.cluster, nowMs)
  const [shown] = authorities
  const trusted = bundle(authorities)
  const certificate = (name: string, known: KeyAndCert | null | undefined): KeyAndCert | null =>
    tls === undefined || shown === undefined
      ? null
      : renewed(known ?? undefined, shown, { name, addresses: [], validDays: tls.validDays }, nowMs)
  const tools = certificate('gantry tools', olds?.tools)
  const changedMs = olds !== undefined && changesTrust(olds, news) ? nowMs : olds?.trustChangedMs
  const credentials = accessControl === undefined ? null : (olds?.credentials ?? newCredentials(newMark()))
  return {
    ...news,
    ...(changedMs === undefined ? {} : { trustChangedMs: changedMs }),
    authorities,
    trusted,
    credentials,
    tools,
    client: tls?.clientCertificates === 'require' ? certificate('client', olds?.client) : null,
    toolAccess: {
      ...(credentials === null ? {} : { credentials: credentials.admin }),
      ...(tools === null || tls?.betweenNodes !== true ? {} : { tls: { ...tools, trusted } }),
    },
  }
}
