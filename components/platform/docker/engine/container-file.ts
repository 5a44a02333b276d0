import type { EngineClient } from './engine-client.ts'
import { firstFileOf } from './tar.ts'

/** The text of a file in a container, which need not run; undefined when it is not there. */
export async function readContainerFile(engine: EngineClient, id: string, path: string): Promise<string | undefined> {
  const archive = await engine.findStream(`/containers/${id}/archive?path=${encodeURIComponent(path)}`)
  if (archive === undefined) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return firstFileOf(Buffer.concat(chunks)).toString('utf8')
}
