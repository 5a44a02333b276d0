import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Architecture } from '../plan/architecture.ts'
import { artifactFileName, checksumFileName, checksumLine } from './artifact-name.ts'
import { gzipBytes } from './gzip-bytes.ts'
import { nodeVersion } from './node-binary.ts'
import { runtimeFiles, runtimeVersion } from './runtime-files.ts'
import { tarArchive } from './tar-archive.ts'

export interface BuildOptions {
  /** Folder of this package: where runtime/ and node_modules/ are. */
  readonly root: string
  readonly architecture: Architecture
  /** Where the artifact and its checksum go. */
  readonly outFolder: string
  /** Node for that architecture; see nodeBinary. */
  readonly node: Buffer
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
export function buildArtifact({ root, architecture, outFolder, node }: BuildOptions): BuiltArtifact {
  const version = runtimeVersion(root)
  const description = { name: 'gantry-runtime', version, architecture, node: nodeVersion }
  const bytes = gzipBytes(
    tarArchive([
      { path: 'artifact.json', executable: false, bytes: Buffer.from(`${JSON.stringify(description, null, 2)}\n`) },
      { path: nodePath, executable: true, bytes: node },
      ...runtimeFiles(root, architecture),
    ]),
  )
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
