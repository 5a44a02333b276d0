import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Plan } from '../../../plan/plan.ts'
import type { TlsConfig } from '../../../plan/schema/security-config.ts'
import { nodeTlsFiles, toolTlsProperties } from '../../../plan/security/tls-properties.ts'
import type { Authority } from '../../../security/authorities.ts'
import { newCredentials } from '../../../security/credentials.ts'
import { makePrivateFolder, textOf, writePrivate } from './private-files.ts'
import { readCredentials, readPair, type SecretFiles, secretFiles, writePair } from './secret-files.ts'

export interface PreparedSecrets {
  /** What nodes have read already has changed: they read it again within a while. */
  readonly hasChanged: boolean
}

/**
 * Makes what the plan's `security` asks for, as far as it is not there yet: an authority, a certificate for each node in the node's own
 * folder, credentials, and files for tools. Certificates that soon end are made anew. Nodes that run read theirs again by themselves.
 */
export async function prepareSecrets(dataDir: string, plan: Plan, nowMs: number): Promise<PreparedSecrets> {
  const { security } = plan
  if (security === undefined) return { hasChanged: false }
  const files = secretFiles(dataDir)
  makePrivateFolder(files.folder)
  makePrivateFolder(files.tools.folder)
  if (security.accessControl !== undefined) prepareCredentials(dataDir, files)
  const hasChanged = security.tls === undefined ? false : await prepareTls(files, plan, security.tls, nowMs)
  return { hasChanged }
}

function prepareCredentials(dataDir: string, { credentials, tools }: SecretFiles): void {
  const known = readCredentials(dataDir) ?? newCredentials()
  writePrivate(credentials, `${JSON.stringify(known, null, 2)}\n`)
  makePrivateFolder(join(tools.folder, 'conf'))
  writePrivate(tools.toolsYml, stringify(known.admin))
}

/** @returns whether files that were there have changed */
async function prepareTls(files: SecretFiles, plan: Plan, tls: TlsConfig, nowMs: number): Promise<boolean> {
  // Loaded where there is TLS only: it takes a while.
  const { authoritiesOf, bundle } = await import('../../../security/authorities.ts')
  const { certificateOfNode, renewed } = await import('../../../security/node-certificate.ts')
  const authorities = authoritiesOf(knownAuthorities(files), tls, plan.cluster, nowMs)
  for (const authority of authorities) writePair(authorityFiles(files, authority.generation), authority)
  const [shown] = authorities
  const trusted = bundle(authorities)
  writePrivate(files.trusted, trusted)
  const changes = plan.nodes.map((node) => {
    const { key, cert, ...others } = nodeTlsFiles(node)
    makePrivateFolder(join(node.dataDir, 'tls'))
    const known = readPair({ key, cert })
    const trustedBefore = textOf(others.trusted)
    const pair = renewed(known, shown, certificateOfNode(node, tls.validDays), nowMs)
    const hasChanged = [writePrivate(others.trusted, trusted), writePair({ key, cert }, pair)].includes(true)
    return hasChanged && (known !== undefined || trustedBefore !== undefined)
  })
  const { tools, client } = files
  const forTools = { name: 'gantry tools', addresses: [], validDays: tls.validDays }
  writePrivate(tools.trusted, trusted)
  writePair(tools, renewed(readPair(tools), shown, forTools, nowMs))
  writePrivate(tools.properties, toolTlsProperties(tools))
  if (tls.clientCertificates === 'require') {
    makePrivateFolder(client.folder)
    const forClients = { name: 'client', addresses: [], validDays: tls.validDays }
    writePair(client, renewed(readPair(client), shown, forClients, nowMs))
  }
  return changes.includes(true)
}

const authorityFiles = ({ folder }: SecretFiles, generation: number) => ({
  key: join(folder, `authority-${generation}.key`),
  cert: join(folder, `authority-${generation}.crt`),
})

const authorityName = /^authority-([1-9]\d*)\.key$/

function knownAuthorities(files: SecretFiles): Authority[] {
  return readdirSync(files.folder).flatMap((name) => {
    const generation = Number(authorityName.exec(name)?.[1] ?? 0)
    const pair = generation === 0 ? undefined : readPair(authorityFiles(files, generation))
    return pair === undefined ? [] : [{ ...pair, generation }]
  })
}
