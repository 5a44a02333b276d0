import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { endpointOfEnvironment } from '../../components/platform/docker/engine/endpoint-of-environment.ts'
import { EngineClient } from '../../components/platform/docker/engine/engine-client.ts'
import { tarOf } from '../../components/platform/docker/engine/tar.ts'
import { buildImage } from '../../components/platform/docker/image/build-image.ts'
import { contextFiles } from '../../components/platform/docker/image/image-files.ts'
import { UserError } from '../user-error.ts'

export interface ImageBuildOptions {
  readonly tag?: string
  readonly base?: string
  readonly host?: string
}

const bytesPerMegabyte = 1_000_000

/** `gantry image build`: builds the engine's image where DOCKER_HOST, or --host, says. */
export async function imageBuild({ tag, base, host }: ImageBuildOptions): Promise<void> {
  const environment = endpointOfEnvironment(process.env)
  const endpoint = host === undefined || host === environment.host ? environment : { host }
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  try {
    const built = await buildImage(new EngineClient(endpoint), {
      ...(tag === undefined ? {} : { tag }),
      ...(base === undefined ? {} : { base }),
      print,
    })
    print(`${built.tag} ${built.id}, ${Math.round(built.sizeBytes / bytesPerMegabyte)} MB, on ${endpoint.host}`)
  } catch (error) {
    throw new UserError(`image build on ${endpoint.host}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** `gantry image context`: leaves what the image is built from for another builder, as a tar archive. */
export async function imageContext(file: string): Promise<void> {
  const path = resolve(file)
  mkdirSync(dirname(path), { recursive: true })
  await pipeline(tarOf(contextFiles()), createWriteStream(path))
  const shown = relative('', path) || path
  process.stdout.write(
    `${shown}: "docker build - < ${shown}" builds it, with --build-arg BASE=<image> on another base\n`,
  )
}
