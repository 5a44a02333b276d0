import { join } from 'node:path'
import { type TlsFiles, tlsFilesIn } from '../../../plan/security/tls-properties.ts'
import type { KeyAndCert } from '../../../security/certificate-facts.ts'
import { dataDirFiles } from '../cluster-state.ts'
import { textOf, writePrivate } from './private-files.ts'

/** What `gantry up` keeps of a cluster in a folder of its data dir. */
export interface SecretFiles {
  readonly folder: string
  readonly credentials: string
  /** Certificates of the authorities that are trusted: what clients need. */
  readonly trusted: string
  /** ROCKETMQ_HOME of tools: conf/tools.yml, and beside it tls.properties with its files. */
  readonly tools: TlsFiles & { readonly folder: string; readonly toolsYml: string }
  /** What clients show where they have to show a certificate. */
  readonly client: { readonly folder: string; readonly key: string; readonly cert: string }
}

export function secretFiles(dataDir: string): SecretFiles {
  const folder = dataDirFiles(dataDir).security
  const [tools, client] = [join(folder, 'tools'), join(folder, 'client')]
  return {
    folder,
    credentials: join(folder, 'credentials.json'),
    trusted: join(folder, 'ca.crt'),
    tools: { ...tlsFilesIn(tools), folder: tools, toolsYml: join(tools, 'conf', 'tools.yml') },
    client: { folder: client, key: join(client, 'client.key'), cert: join(client, 'client.crt') },
  }
}

/** Undefined when one of the two is missing. */
export function readPair({ key: keyPath, cert: certPath }: KeyAndCert): KeyAndCert | undefined {
  const [key, cert] = [textOf(keyPath), textOf(certPath)]
  return key === undefined || cert === undefined ? undefined : { key, cert }
}

/** @returns whether they have changed */
export function writePair(paths: KeyAndCert, { key, cert }: KeyAndCert): boolean {
  const changes = [writePrivate(paths.key, key), writePrivate(paths.cert, cert)]
  return changes.includes(true)
}
