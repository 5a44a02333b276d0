import type { EngineClient } from './engine-client.ts'

/** A container as the engine describes it, as far as it matters here. */
export interface Container {
  readonly Id: string
  /** With a slash ahead. */
  readonly Name: string
  readonly RestartCount: number
  /** Its image, by id. */
  readonly Image: string
  readonly Config: {
    /** `uid:gid`, as nodes are given theirs. */
    readonly User: string
    readonly Labels: Readonly<Record<string, string>> | null
  }
  /** A volume has a name. */
  readonly Mounts: readonly { readonly Name?: string; readonly Destination: string }[]
  readonly State: {
    readonly Running: boolean
    readonly Restarting: boolean
    readonly ExitCode: number
    readonly Error: string
  }
}

/** By id or name. */
export const findContainer = (engine: EngineClient, name: string): Promise<Container | undefined> =>
  engine.find<Container>(`/containers/${encodeURIComponent(name)}/json`)

const headerBytes = 8
const linesAsked = 200
const linesKept = 5
/** What says nothing by itself: where a Java exception was thrown, and what Java says of its options. */
const noise = /^\s+at |^\s*$|^NOTE: Picked up/

/**
 * The last lines a container wrote. The engine sends them in frames: stream (1 byte), three zeros, length (4 bytes), text.
 */
export async function lastWords(engine: EngineClient, id: string): Promise<string> {
  const query = `stdout=1&stderr=1&tail=${linesAsked}`
  const chunks: Buffer[] = []
  for await (const chunk of await engine.open('GET', `/containers/${id}/logs?${query}`)) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  let text = ''
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4)
    text += bytes.toString('utf8', at + headerBytes, at + headerBytes + length)
    at += headerBytes + length
  }
  const lines = text.split('\n').filter((line) => !noise.test(line))
  return lines.length === 0 ? 'it left no word' : lines.slice(-linesKept).join(' | ')
}
