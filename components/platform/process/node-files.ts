import { dirname } from 'node:path'
import type { PlanNode } from '../../plan/plan-node.ts'
import { nodeTlsFiles } from '../../plan/security/tls-properties.ts'
import { fillSecrets, lacksSecrets } from '../../security/fill-secrets.ts'
import { writeConfFile } from './conf-file.ts'
import { keysIn, knownKeyRing } from './secrets/key-ring.ts'
import { makePrivateFolder, writePrivate } from './secrets/private-files.ts'

type NodeWithFiles = Pick<PlanNode, 'confFile' | 'tls'>

/** Writes what a node reads at its start: its conf file, with the secrets of the data dir where words stand for them, and tls.properties. */
export function writeNodeFiles(node: NodeWithFiles, dataDir: string): void {
  const { path, text } = node.confFile
  writeConfFile({ confFile: { path, text: lacksSecrets(text) ? withSecrets(text, dataDir) : text } })
  writeTlsProperties(node)
}

/** Key and certificates, where they come with the node. @returns whether they have changed */
export function writePems(node: Pick<PlanNode, 'dataDir' | 'tls' | 'pems'>): boolean {
  if (node.tls === undefined || node.pems === undefined) return false
  const { key, cert, trusted } = nodeTlsFiles(node)
  makePrivateFolder(dirname(node.tls.path))
  const { pems } = node
  return [writePrivate(trusted, pems.trusted), writePrivate(key, pems.key), writePrivate(cert, pems.cert)].includes(
    true,
  )
}

/** Does nothing for a node without TLS. */
function writeTlsProperties({ tls }: NodeWithFiles): void {
  if (tls === undefined) return
  makePrivateFolder(dirname(tls.path))
  writePrivate(tls.path, tls.text)
}

function withSecrets(text: string, dataDir: string): string {
  const ring = knownKeyRing(dataDir)
  return fillSecrets(text, (generation) => keysIn(ring, generation))
}
