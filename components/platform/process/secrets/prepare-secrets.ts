import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../../../plan/plan.ts'
import { keysGeneration, type TlsConfig } from '../../../plan/schema/security-config.ts'
import { nodeTlsFiles, toolTlsProperties } from '../../../plan/security/tls-properties.ts'
import type { Authority } from '../../../security/authorities.ts'
import { readKeyRing, withKeys, writeKeyRing } from './key-ring.ts'
import { makePrivateFolder, textOf, writePrivate } from './private-files.ts'
import { readPair, type SecretFiles, secretFiles, writePair } from './secret-files.ts'

export interface PreparedSecrets {
  /** What nodes have read already has changed: they read it again within a while. */
  readonly hasChanged: boolean
}

/**
 * Makes what the plan's `security` asks for, as far as it is not there yet: an authority, a certificate for each node in the node's own
 * folder, credentials, and files for tools. Certificates that soon end are made anew. Nodes that run read theirs again by themselves.
 * @param running the plan by which nodes run, if they do
 * @throws Error when keys of another generation are there, and no rollout is to lead from those to the plan's
 */
export async function prepareSecrets(
  dataDir: string,
  plan: Plan,
  nowMs: number,
  running?: Pick<Plan, 'security'>,
): Promise<PreparedSecrets> {
  const { security } = plan
  if (security === undefined) return { hasChanged: false }
  const files = secretFiles(dataDir)
  makePrivateFolder(files.folder)
  makePrivateFolder(files.tools.folder)
  const generation = keysGeneration(security)
  if (generation !== undefined) prepareKeys(dataDir, generation, keysGeneration(running?.security) !== undefined)
  const hasChanged = security.tls === undefined ? false : await prepareTls(files, plan, security.tls, nowMs)
  return { hasChanged }
}

/** Users of the generation that is there would stay with brokers that begin with another one, and nobody would know. */
function prepareKeys(dataDir: string, generation: number, isRollout: boolean): void {
  const ring = readKeyRing(dataDir)
  if (ring !== undefined && ring.inUse !== generation && !isRollout) {
    const why = `the users that brokers know have keys of generation ${ring.inUse}, and change by a rollout only`
    throw new Error(`security.accessControl.generation: ${why}. Bring the cluster up with that one first`)
  }
  writeKeyRing(dataDir, withKeys(ring, generation))
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
