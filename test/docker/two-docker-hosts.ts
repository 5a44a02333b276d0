import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HostNetwork, inNamespace, type NetworkHost } from './host-network.ts'
import { installMissing } from './install-packages.ts'
import { PrivateEngine } from './private-engine.ts'

/** A Docker host as a stack file has it. */
export interface DockerHost {
  readonly name: string
  readonly address: string
  /** What stands under `platform.docker.hosts`. */
  readonly reach: Readonly<Record<string, unknown>>
  readonly engine: PrivateEngine
}

const sshReadyWithinMs = 10_000
const certificateDays = '2'

/**
 * Two machines with a Docker Engine each: network namespaces of this one. The first is reached by TCP with certificates, the
 * second by ssh. Needs root, iproute2, openssl; openssh-server is installed where it is missing.
 */
export class TwoDockerHosts {
  readonly hosts: readonly [DockerHost, DockerHost]
  readonly #folder: string
  readonly #network: HostNetwork
  readonly #ssh: ChildProcess

  private constructor(hosts: [DockerHost, DockerHost], folder: string, network: HostNetwork, ssh: ChildProcess) {
    this.hosts = hosts
    this.#folder = folder
    this.#network = network
    this.#ssh = ssh
  }

  static async start(subnet: string): Promise<TwoDockerHosts> {
    installMissing({ sshd: 'openssh-server' })
    const folder = mkdtempSync(join(tmpdir(), 'gantry-hosts-'))
    const network = new HostNetwork(subnet, 2)
    const [first, second] = network.hosts
    if (first === undefined || second === undefined) throw new RangeError('a network of two has two hosts')
    const certPath = makeCertificates(join(folder, 'certificates'), first.address)
    const encrypted = ['--tlsverify', '--tlscacert', join(certPath, 'ca.pem')]
    encrypted.push('--tlscert', join(certPath, 'server.pem'), '--tlskey', join(certPath, 'server-key.pem'))
    const byTcp = await PrivateEngine.start({
      namespace: first.namespace,
      flags: ['--host', `tcp://${first.address}:2376`, ...encrypted],
    })
    const bySsh = await PrivateEngine.start({ namespace: second.namespace })
    const key = join(folder, 'key')
    const ssh = await startSsh(folder, key, second, bySsh.endpoint.host)
    const sshOpts = ['-i', key, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null']
    const hosts: [DockerHost, DockerHost] = [
      {
        name: 'host-1',
        address: first.address,
        reach: { endpoint: `tcp://${first.address}:2376`, certPath },
        engine: byTcp,
      },
      {
        name: 'host-2',
        address: second.address,
        reach: { endpoint: `ssh://root@${second.address}`, sshOpts: [...sshOpts, '-o', 'LogLevel=ERROR'] },
        engine: bySsh,
      },
    ]
    return new TwoDockerHosts(hosts, folder, network, ssh)
  }

  async stop(): Promise<void> {
    await Promise.all(this.hosts.map(({ engine }) => engine.stop()))
    const ended = new Promise((resolve) => this.#ssh.once('close', resolve))
    this.#ssh.kill('SIGTERM')
    await ended
    this.#network.remove()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error) throw new Error(`cannot run ${command}: ${error.message}`)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}

/** An authority, and a server and a client that it vouches for, in the files that Docker's own tools look for. */
function makeCertificates(folder: string, address: string): string {
  mkdirSync(folder)
  const at = (name: string) => join(folder, name)
  const authority = [
    '-keyout',
    at('ca-key.pem'),
    '-out',
    at('ca.pem'),
    '-subj',
    '/CN=gantry test',
    '-days',
    certificateDays,
  ]
  run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...authority)
  writeFileSync(at('server.ext'), `subjectAltName=IP:${address}\nextendedKeyUsage=serverAuth\n`)
  writeFileSync(at('client.ext'), 'extendedKeyUsage=clientAuth\n')
  for (const [use, key, certificate] of [
    ['server', 'server-key.pem', 'server.pem'],
    ['client', 'key.pem', 'cert.pem'],
  ] as const) {
    const request = ['-keyout', at(key), '-out', at('request.pem'), '-subj', `/CN=${use}`]
    run('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', ...request)
    const by = ['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial', '-days', certificateDays]
    run(
      'openssl',
      'x509',
      '-req',
      '-in',
      at('request.pem'),
      '-out',
      at(certificate),
      ...by,
      '-extfile',
      at(`${use}.ext`),
    )
  }
  return folder
}

/** An ssh server of the host that lets a new key in, `docker` meaning the host's own engine there. */
async function startSsh(folder: string, key: string, host: NetworkHost, engine: string): Promise<ChildProcess> {
  const hostKey = join(folder, 'host-key')
  for (const file of [key, hostKey]) run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file)
  const config = join(folder, 'sshd.conf')
  const settings = {
    ListenAddress: host.address,
    HostKey: hostKey,
    AuthorizedKeysFile: `${key}.pub`,
    PidFile: 'none',
    UsePAM: 'no',
    StrictModes: 'no',
    PermitRootLogin: 'prohibit-password',
    PasswordAuthentication: 'no',
    SetEnv: `DOCKER_HOST=${engine}`,
  }
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(''),
  )
  // Where it goes without rights; its package makes the folder at boot.
  if (!existsSync('/run/sshd')) mkdirSync('/run/sshd')
  const [command = '', ...args] = inNamespace(host.namespace, [
    '/usr/sbin/sshd',
    '-D',
    '-E',
    join(folder, 'sshd.log'),
    '-f',
    config,
  ])
  const server = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const deadlineMs = performance.now() + sshReadyWithinMs
  while (!(await listens(host.address, 22))) {
    if (performance.now() > deadlineMs) throw new Error(`sshd does not listen at ${host.address}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return server
}

const listens = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
