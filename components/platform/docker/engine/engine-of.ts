import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DockerEndpoint } from './docker-endpoint.ts'
import { endpointOfEnvironment } from './endpoint-of-environment.ts'
import { EngineClient } from './engine-client.ts'

/** A Docker Engine as the config names it; without `host` the one that the `docker` command would talk to. */
export interface EngineChoice extends Partial<DockerEndpoint> {
  /** Folder with ca.pem, cert.pem and key.pem, where their texts are not given. */
  readonly certPath?: string
}

export function engineOf({ host, certPath, ...rest }: EngineChoice): EngineClient {
  if (host === undefined) return new EngineClient(endpointOfEnvironment(process.env))
  const read = (file: string): string => readFileSync(join(certPath ?? '', file), 'utf8')
  const fromFiles =
    certPath === undefined
      ? {}
      : { caMaterial: read('ca.pem'), certMaterial: read('cert.pem'), keyMaterial: read('key.pem') }
  return new EngineClient({ host, ...fromFiles, ...rest })
}
