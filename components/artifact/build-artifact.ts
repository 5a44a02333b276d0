import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Architecture } from '../plan/architecture.ts'
import { type TarEntry, tarOf } from '../platform/docker/engine/tar.ts'
import { artifactFileName, checksumFileName, checksumLine } from './artifact-name.ts'
import { gzipBytes } from './gzip-bytes.ts'
import { nodeVersion } from './node-binary.ts'
import { runtimeFiles, runtimeVersion } from './runtime-files.ts'

export interface BuildOptions {
  /** Folder of this package: where runtime/ and node_modules/ are. */
  readonly root: string
  readonly architecture: Architecture
  /** Where the artifact and its checksum go. */
  readonly outFolder: string
  /** Path of Node for that architecture; see nodeBinary. */
  readonly node: string
}

export interface BuiltArtifact {
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** Where the launchers look for Node first; see runtime/bin/node.sh. */
const nodePath = 'node_modules/.bin/node'

/**
 * The engine in one file: runtime/, the packages it needs and Node, ready to run where it is unpacked. The same sources
 * and packages give the same bytes.
 */
export async function buildArtifact({ root, architecture, outFolder, node }: BuildOptions): Promise<BuiltArtifact> {
  const version = runtimeVersion(root)
  const description = { name: 'gantry-runtime', version, architecture, node: nodeVersion }
  const entries: TarEntry[] = [
    { path: 'artifact.json', content: { text: `${JSON.stringify(description, null, 2)}\n`, mode: 0o644 } },
    { path: nodePath, content: { file: node } },
    ...runtimeFiles(root, architecture),
  ]
  const bytes = gzipBytes(await archiveOf(entries.sort((a, b) => (a.path < b.path ? -1 : 1))))
  const fileName = artifactFileName({ version, architecture })
  const path = join(outFolder, fileName)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  mkdirSync(outFolder, { recursive: true })
  // Whoever reads the folder meanwhile sees the old pair or the new archive, never half of one.
  writeFileSync(`${path}.new`, bytes)
  renameSync(`${path}.new`, path)
  writeFileSync(join(outFolder, checksumFileName(fileName)), checksumLine(sha256, fileName))
  return { path, sha256, sizeBytes: bytes.length }
}

async function archiveOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of tarOf(entries)) pieces.push(piece)
  return Buffer.concat(pieces)
}
