import { spawnSync } from 'node:child_process'

/** A machine of its own on this one: a network namespace with one address. */
export interface NetworkHost {
  readonly namespace: string
  readonly address: string
}

/**
 * Hosts on one switch with this machine: the switch is a bridge, each host's cable a veth pair. Needs root and iproute2.
 *
 *     this machine ── bridge ┬── host 1 (eth0)
 *                            └── host 2 (eth0)
 */
export class HostNetwork {
  readonly hosts: readonly NetworkHost[]
  readonly #bridge: string

  /** @param subnet a free one, `a.b.c.0/24`; the machine gets its first address, the hosts 11 and on */
  constructor(subnet: string, hostCount: number) {
    const prefix = subnet.slice(0, subnet.lastIndexOf('.'))
    // The name of an interface has no more than 15 characters.
    this.#bridge = `gan${process.pid}`
    ip('link', 'add', this.#bridge, 'type', 'bridge')
    ip('address', 'add', `${prefix}.1/24`, 'dev', this.#bridge)
    ip('link', 'set', this.#bridge, 'up')
    // Docker has the kernel put bridged frames through these rules too, and lets nothing pass that it does not know.
    this.#forwarding('-I')
    this.hosts = Array.from({ length: hostCount }, (_, index) => {
      const host = { namespace: `gantry-${process.pid}-${index + 1}`, address: `${prefix}.${index + 11}` }
      this.#plugIn(host, index)
      return host
    })
  }

  /** Removes the hosts; what is still running in them keeps only its loopback. */
  remove(): void {
    this.#forwarding('-D')
    for (const { namespace } of this.hosts) spawnSync('ip', ['netns', 'delete', namespace])
    spawnSync('ip', ['link', 'delete', this.#bridge])
  }

  #plugIn({ namespace, address }: NetworkHost, index: number): void {
    const cable = `${this.#bridge}-${index + 1}`
    ip('netns', 'add', namespace)
    ip('-n', namespace, 'link', 'set', 'lo', 'up')
    ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
    ip('link', 'set', cable, 'master', this.#bridge)
    ip('link', 'set', cable, 'up')
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0')
    ip('-n', namespace, 'link', 'set', 'eth0', 'up')
  }

  #forwarding(change: '-I' | '-D'): void {
    spawnSync('iptables', [change, 'FORWARD', '-i', this.#bridge, '-o', this.#bridge, '-j', 'ACCEPT'])
  }
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
  if (error) throw new Error(`cannot run ip: ${error.message}; install iproute2`)
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()} (network namespaces need root)`)
}

/** A command as it is run in the namespace: its network alone, for the file systems of the machine are needed. */
export const inNamespace = (namespace: string, command: readonly string[]): string[] => [
  'nsenter',
  `--net=/run/netns/${namespace}`,
  ...command,
]
