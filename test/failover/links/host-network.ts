import { spawnSync } from 'node:child_process'

/** A host of its own on this machine: a network namespace with one address. */
export interface Host {
  readonly name: string
  readonly address: string
  /** Undefined for this machine itself, where the clients run. */
  readonly namespace: string | undefined
  readonly device: string
}

const MACHINE = 254
const FIRST_HOST = 11
/** Nobody's: a frame to it reaches every port of the switch and is taken by none. */
const NOWHERE = '02:00:00:00:00:01'

/**
 * Hosts and this machine on one switch (a bridge in a namespace of its own), whose links are cut one way or both. A cut is
 * silent, as a pulled cable is: whoever sends gets no error. Needs Linux, root and iproute2, no packet filter.
 */
export class HostNetwork {
  readonly machine: Host
  readonly hosts: readonly Host[]
  readonly #namespaces: string[] = []
  readonly #cuts: { from: Host; to: Host }[] = []

  private constructor(names: readonly string[], unique: number) {
    const subnet = `10.71.${1 + (unique % 250)}`
    this.machine = { name: 'machine', address: `${subnet}.${MACHINE}`, namespace: undefined, device: `gl${unique}` }
    this.hosts = names.map((name, i) => {
      const address = `${subnet}.${FIRST_HOST + i}`
      return { name, address, namespace: `gantry-links-${unique}-${name}`, device: 'eth0' }
    })
  }

  /** @throws Error when namespaces cannot be made; what was made is removed then */
  static make(names: readonly string[], unique: number): HostNetwork {
    const network = new HostNetwork(names, unique)
    try {
      network.#make(unique)
    } catch (error) {
      network.remove()
      throw error
    }
    return network
  }

  #make(unique: number): void {
    const hub = `gantry-links-${unique}-switch`
    this.#addNamespace(hub)
    ip(hub, 'link add br0 type bridge', 'link set br0 up')
    for (const { namespace } of this.hosts) this.#addNamespace(namespace!)
    for (const { name, namespace, device, address } of [...this.hosts, this.machine]) {
      ip(namespace, `link add ${device} type veth peer name ${name} netns ${hub}`)
      ip(hub, `link set dev ${name} master br0 up`)
      ip(namespace, `address add ${address}/24 dev ${device}`, `link set ${device} up`)
    }
  }

  #addNamespace(namespace: string): void {
    ip(undefined, `netns add ${namespace}`)
    this.#namespaces.push(namespace)
    ip(namespace, 'link set lo up')
  }

  /** From now on nothing that one of `from` sends reaches one of `to`. */
  cutOneWay(from: readonly Host[], to: readonly Host[]): void {
    for (const sender of from) {
      const others = to.filter((receiver) => receiver !== sender)
      const lines = others.map(({ address }) => {
        return `neigh replace ${address} lladdr ${NOWHERE} nud permanent dev ${sender.device}`
      })
      ip(sender.namespace, ...lines)
      this.#cuts.push(...others.map((receiver) => ({ from: sender, to: receiver })))
    }
  }

  cut(some: readonly Host[], others: readonly Host[]): void {
    this.cutOneWay(some, others)
    this.cutOneWay(others, some)
  }

  /** All links carry again. */
  heal(): void {
    for (const sender of new Set(this.#cuts.map(({ from }) => from))) {
      const receivers = new Set(this.#cuts.filter(({ from }) => from === sender).map(({ to }) => to))
      ip(sender.namespace, ...[...receivers].map(({ address }) => `neigh del ${address} dev ${sender.device}`))
    }
    this.#cuts.length = 0
  }

  /** What is still running in the hosts keeps only its loopback. */
  remove(): void {
    spawnSync('ip', ['link', 'delete', this.machine.device])
    for (const namespace of this.#namespaces) spawnSync('ip', ['netns', 'delete', namespace])
  }
}

function ip(namespace: string | undefined, ...commands: string[]): void {
  const where = namespace === undefined ? [] : ['-n', namespace]
  const { status, stderr, error } = spawnSync('ip', [...where, '-batch', '-'], {
    encoding: 'utf8',
    input: `${commands.join('\n')}\n`,
  })
  if (error) throw new Error(`cannot run ip: ${error.message}; install iproute2`)
  if (status !== 0) throw new Error(`ip ${commands.join('; ')}: ${stderr.trim()} (network namespaces need root)`)
}
