import { posix } from 'node:path'
import type { PlanNode } from '../plan/plan-node.ts'
import type { TlsFiles } from '../plan/security/tls-properties.ts'
import type { NodeSecrets } from '../platform/node-platform.ts'
import type { ClusterCredentials } from './credentials.ts'
import { secretsIn } from './fill-secrets.ts'

/**
 * The secrets of a node by themselves.
 * @param node with words in its conf file where secrets are to stand
 * @param paths where it finds its files
 */
export function nodeSecrets(
  { confFile }: Pick<PlanNode, 'confFile'>,
  paths: TlsFiles,
  credentials: ClusterCredentials | null,
  pems: NonNullable<PlanNode['pems']> | null,
): NodeSecrets {
  const [trusted, key, cert] = [paths.trusted, paths.key, paths.cert].map((path) => posix.basename(path))
  const files = pems && { [`${trusted}`]: pems.trusted, [`${key}`]: pems.key, [`${cert}`]: pems.cert }
  return { files: files ?? {}, words: credentials === null ? {} : secretsIn(confFile.text, () => credentials) }
}
