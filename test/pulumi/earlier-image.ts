import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineClient } from '../../components/platform/docker/engine/engine-client.ts'
import { buildImage } from '../../components/platform/docker/image/build-image.ts'
import { earlierEngine } from '../rollout/programs.ts'

/** The engine as it was a while ago: see {@link earlierEngine}. */
export const earlierImage = 'gantry-test/earlier:1'

/** @returns its commit and date */
export async function makeEarlierImage(engine: EngineClient): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-earlier-'))
  try {
    const which = earlierEngine(folder)
    await buildImage(engine, { tag: earlierImage, engineFolder: join(folder, 'runtime'), print: () => {} })
    return which
  } finally {
    rmSync(folder, { recursive: true })
  }
}
