import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DockerEndpoint, localSocket } from './docker-endpoint.ts'

/** The engine that the `docker` command talks to with these variables: DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH. */
export function endpointOfEnvironment(environment: NodeJS.ProcessEnv): DockerEndpoint {
  const host = environment['DOCKER_HOST'] || localSocket
  const verify = environment['DOCKER_TLS_VERIFY'] ?? ''
  const folder = environment['DOCKER_CERT_PATH'] ?? join(environment['HOME'] ?? '/root', '.docker')
  const isEncrypted = host.startsWith('tcp:') && verify !== ''
  if (!isEncrypted) return { host }
  const read = (name: string): string => {
    const path = join(folder, name)
    if (!existsSync(path)) throw new Error(`DOCKER_TLS_VERIFY is set, but there is no ${path}: set DOCKER_CERT_PATH`)
    return readFileSync(path, 'utf8')
  }
  return {
    host,
    caMaterial: read('ca.pem'),
    certMaterial: read('cert.pem'),
    keyMaterial: read('key.pem'),
  }
}
