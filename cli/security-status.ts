import { relative } from 'node:path'
import { styleText } from 'node:util'
import type { Plan } from '../components/plan/plan.ts'
import { keysGeneration } from '../components/plan/schema/security-config.ts'
import { nodeTlsFiles } from '../components/plan/security/tls-properties.ts'
import { textOf } from '../components/platform/process/secrets/private-files.ts'
import { secretFiles } from '../components/platform/process/secrets/secret-files.ts'
import { endOf } from '../components/security/certificate-facts.ts'

/** What the stack has made for its cluster, and where it is. Nothing secret. */
export interface SecurityStatus {
  readonly tls?: {
    readonly mode: string
    readonly generation: number
    /** Which certificate ends first, and when (ISO 8601). */
    readonly firstToEnd: { readonly of: string; readonly validUntil: string }
    readonly authorityValidUntil: string
    /** Certificates that clients trust. */
    readonly trusted: string
    /** Folder with what clients show; where they have to show something. */
    readonly client?: string
  }
  readonly accessControl?: {
    readonly enforce: boolean
    /** Of the keys that nodes and tools sign with. */
    readonly generation: number
  }
  /** ROCKETMQ_HOME of tools. */
  readonly tools: string
}

const dayMs = 86_400_000
/** Certificates that end sooner are pointed out: certificates of a year are made anew long before, by any `gantry up`. */
const warnDays = 30

export function securityStatus(dataDir: string, { security, nodes }: Plan): SecurityStatus | undefined {
  if (security === undefined) return undefined
  const { tls, accessControl } = security
  const files = secretFiles(dataDir)
  const trusted = textOf(files.trusted)
  const pairs = [
    ...nodes.map((node) => [node.id, nodeTlsFiles(node).cert] as const),
    ['tools', files.tools.cert] as const,
  ]
  const ends = pairs
    .flatMap(([of, path]) => {
      const cert = textOf(path)
      return cert === undefined ? [] : [{ of, endMs: endOf(cert) }]
    })
    .sort((a, b) => a.endMs - b.endMs)
  const [first] = ends
  return {
    tools: files.tools.folder,
    ...(tls === undefined || trusted === undefined || first === undefined
      ? {}
      : {
          tls: {
            mode: tls.mode,
            generation: tls.generation,
            firstToEnd: { of: first.of, validUntil: dateOf(first.endMs) },
            authorityValidUntil: dateOf(endOf(trusted)),
            trusted: files.trusted,
            ...(tls.clientCertificates === 'require' ? { client: files.client.folder } : {}),
          },
        }),
    ...(accessControl === undefined
      ? {}
      : { accessControl: { enforce: accessControl.enforce, generation: keysGeneration(security) ?? 1 } }),
  }
}

const dateOf = (ms: number): string => new Date(ms).toISOString()
const dayOf = (iso: string): string => iso.slice(0, 10)
const shown = (path: string): string => relative('', path) || '.'

/** The same for people: what clients need, what tools need, and when certificates end. */
export function renderSecurity(status: SecurityStatus | undefined, nowMs: number): string[] {
  if (status === undefined) return []
  const { tls, accessControl, tools } = status
  const lines: string[] = []
  const variables = [`ROCKETMQ_HOME=${shown(tools)}`]
  if (tls !== undefined) {
    const { of, validUntil } = tls.firstToEnd
    const authority = `their authority until ${dayOf(tls.authorityValidUntil)}`
    const line = `TLS: ${tls.mode}, certificates of generation ${tls.generation} valid until ${dayOf(validUntil)}, ${authority}`
    const isLate = Date.parse(validUntil) - nowMs < warnDays * dayMs
    lines.push(isLate ? styleText('yellow', `${line}. That of ${of} ends first: "gantry up" makes new ones.`) : line)
    lines.push(
      `clients trust ${shown(tls.trusted)}${tls.client === undefined ? '' : `, and show what is in ${shown(tls.client)}`}`,
    )
    variables.push(`JAVA_OPT_EXT=-Dtls.config.file=${shown(tools)}/tls.properties`)
  }
  if (accessControl !== undefined) {
    const { enforce, generation } = accessControl
    const whose = `keys of generation ${generation}`
    lines.push(`access control: ${enforce ? 'on' : 'servers sign, nobody is checked yet'}, ${whose}`)
  }
  lines.push(`tools: ${variables.join(' ')} mqadmin ...`)
  return lines
}
