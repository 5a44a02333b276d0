import { containerDataDir } from '../../../plan/docker-hosts.ts'
import type { EngineClient } from './engine-client.ts'
import { type TarEntry, tarOf } from './tar.ts'

/** A node's volume, and an image on the same Docker host: any will do. */
export interface NodeVolume {
  readonly name: string
  /** Its id. */
  readonly image: string
}

/**
 * Unpacks files into a volume, whether a container of it runs or there is none yet: by way of one that is never started. What it
 * is unpacked over is replaced, file by file.
 * @param folder in a container that has the volume where nodes have it
 * @throws EngineError
 */
export async function intoVolume(
  engine: EngineClient,
  { name, image }: NodeVolume,
  folder: string,
  entries: readonly TarEntry[],
): Promise<void> {
  const HostConfig = { Mounts: [{ Type: 'volume', Source: name, Target: containerDataDir }] }
  const json = { Image: image, Cmd: ['never-started'], HostConfig }
  const { Id } = await engine.ask<{ Id: string }>('POST', '/containers/create', { json })
  try {
    await engine.ask('PUT', `/containers/${Id}/archive?path=${encodeURIComponent(folder)}`, { tar: tarOf(entries) })
  } finally {
    await engine.ask('DELETE', `/containers/${Id}?force=1`)
  }
}
