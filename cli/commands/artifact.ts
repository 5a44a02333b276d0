import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildArtifact } from '../../components/artifact/build-artifact.ts'
import { nodeBinary } from '../../components/artifact/node-binary.ts'
import { type Architecture, architectures } from '../../components/plan/architecture.ts'
import { UserError } from '../user-error.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface ArtifactBuildOptions {
  readonly arch: string
  readonly out: string
}

function chosen(arch: string): readonly Architecture[] {
  if (arch === 'all') return architectures
  const known = architectures.find((architecture) => architecture === arch)
  if (known === undefined)
    throw new UserError(`there is no artifact for "${arch}": give ${architectures.join(', ')} or all`)
  return [known]
}

/** `gantry artifact build`: the engine with its Node in one file, for machines that have neither npm nor a network. */
export async function buildArtifacts({ arch, out }: ArtifactBuildOptions): Promise<void> {
  if (!existsSync(join(root, 'package-lock.json'))) {
    throw new UserError(
      `artifacts are built in a checkout of gantry, where package-lock.json names every package: ${root} has none`,
    )
  }
  for (const architecture of chosen(arch)) {
    const node = nodeBinary(root, architecture, join(root, '.cache/node'))
    const { path, sha256, sizeBytes } = await buildArtifact({ root, architecture, outFolder: resolve(out), node })
    process.stdout.write(`${path}\n  ${(sizeBytes / 2 ** 20).toFixed(1)} MiB, sha256 ${sha256}\n`)
  }
}
