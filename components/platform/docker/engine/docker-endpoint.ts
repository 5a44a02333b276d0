/** Where a Docker Engine is reached, and by which means: what the `docker` command and Pulumi's provider take as host. */
export interface DockerEndpoint {
  /** `unix:///path`, `tcp://host:port` or `ssh://user@host`. */
  readonly host: string
  /** PEM texts. Key and certificate go together; without a CA the engine's certificate is not checked. */
  readonly caMaterial?: string
  readonly certMaterial?: string
  readonly keyMaterial?: string
  /** Flags for ssh, e.g. `-i`, `/path/of/key`. */
  readonly sshOpts?: readonly string[]
}

export const localSocket = 'unix:///var/run/docker.sock'

export type EndpointAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'ssh'; readonly destination: string; readonly port: string | undefined }

const unencryptedPort = 2375
const encryptedPort = 2376

/** @throws Error for a host of another form */
export function endpointAddress({ host, keyMaterial }: DockerEndpoint): EndpointAddress {
  const { protocol, hostname, port, pathname, username } = parse(host)
  switch (protocol) {
    case 'unix:':
      return { kind: 'unix', path: decodeURIComponent(pathname) }
    case 'tcp:': {
      const standard = keyMaterial === undefined ? unencryptedPort : encryptedPort
      return { kind: 'tcp', host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? standard : Number(port) }
    }
    case 'ssh:':
      return {
        kind: 'ssh',
        destination: username === '' ? hostname : `${decodeURIComponent(username)}@${hostname}`,
        port: port === '' ? undefined : port,
      }
    default:
      throw new Error(notUnderstood(host))
  }
}

const notUnderstood = (host: string): string =>
  `${host} is no Docker host: give unix:///path, tcp://host:port or ssh://user@host`

function parse(host: string): URL {
  if (!URL.canParse(host)) throw new Error(notUnderstood(host))
  return new URL(host)
}
