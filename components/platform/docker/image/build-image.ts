import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { version } from '../../../version.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { type TarEntry, tarOf } from '../engine/tar.ts'
import { baseFiles, contextFiles } from './image-files.ts'

/** The image of this version of the engine. */
export const engineImage = `gantry:${version}`

export interface BuildOptions {
  /** Default: {@link engineImage}. */
  readonly tag?: string
  /** An image with Node and glibc to build on. Default: one made of the Node that runs this. */
  readonly base?: string
  /** Where the engine's sources are. Default: those of this version. */
  readonly engineFolder?: string
  readonly print: (line: string) => void
}

export interface BuiltImage {
  readonly tag: string
  readonly id: string
  readonly sizeBytes: number
}

/** Node's names of processors and the engine's. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
const contentLabel = 'gantry.content'

/** Builds the image of the engine on a Docker Engine, from what is on this machine alone unless a base is named. */
export async function buildImage(engine: EngineClient, options: BuildOptions): Promise<BuiltImage> {
  const { tag = engineImage, print } = options
  const base = options.base ?? (await makeBase(engine, print))
  const query = new URLSearchParams({
    t: tag,
    buildargs: JSON.stringify({ BASE: base }),
    labels: JSON.stringify({ 'gantry.version': version }),
    networkmode: 'none',
    rm: 'true',
    forcerm: 'true',
  })
  print(`building ${tag} on ${base}`)
  const answer = await engine.open('POST', `/build?${query}`, { tar: tarOf(contextFiles(options.engineFolder)) })
  await untilDone(answer, print)
  const { Id: id, Size: sizeBytes } = await engine.ask<{ Id: string; Size: number }>('GET', `/images/${tag}/json`)
  return { tag, id, sizeBytes }
}

/** A base image of this machine's Node, unless the engine has the same one already. */
async function makeBase(engine: EngineClient, print: (line: string) => void): Promise<string> {
  const entries = baseFiles()
  const { Arch: wanted } = await engine.ask<{ Arch: string }>('GET', '/version')
  const own = architectures[process.arch] ?? process.arch
  if (wanted !== own) {
    throw new Error(
      `the Docker engine runs ${wanted}, this machine's Node is for ${own}: give --base an image with Node`,
    )
  }
  const [repository, tag] = ['gantry-base', `node-${process.versions.node}`]
  const name = `${repository}:${tag}`
  const content = fingerprint(entries)
  const known = await engine.find<{ Config: { Labels: Record<string, string> | null } }>(`/images/${name}/json`)
  if (known?.Config.Labels?.[contentLabel] === content) return name
  print(`making ${name} of ${process.execPath} and its libraries`)
  const query = new URLSearchParams({
    fromSrc: '-',
    repo: repository,
    tag,
    changes: `LABEL ${contentLabel}=${content}`,
  })
  query.append('changes', 'ENV PATH=/usr/local/bin')
  await untilDone(await engine.open('POST', `/images/create?${query}`, { tar: tarOf(entries) }), print)
  return name
}

/** Changes when a file does: by name, size and time, for the bytes are many. */
function fingerprint(entries: readonly TarEntry[]): string {
  const facts = entries.map(({ path, content }) => {
    if (!('file' in content)) return [path, content]
    const { size, mtimeMs } = statSync(content.file)
    return [path, size, mtimeMs]
  })
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

/** Reads the engine's report, one JSON object a line. @throws Error when it tells of one */
async function untilDone(answer: Readable, print: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: answer })) {
    if (line.trim() === '') continue
    const { stream, error } = JSON.parse(line) as { stream?: string; error?: string }
    if (error !== undefined) throw new Error(`the image was not built: ${error}`)
    if (stream !== undefined && stream.trim() !== '') print(stream.trimEnd())
  }
}
