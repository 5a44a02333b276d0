import type { PlanNode } from '../../../components/plan/plan-node.ts'
import { parseProperties } from '../../../runtime/config/properties-file.ts'
import { BrokerNode, type BrokerPlace } from '../nodes/broker-node.ts'
import { ControllerNode } from '../nodes/controller-node.ts'
import { NameServerNode } from '../nodes/nameserver-node.ts'
import type { Node } from '../nodes/node.ts'
import type { Cluster } from '../scenarios/cluster.ts'
import type { Machine } from '../world/machine.ts'
import { addressOfHost } from './fleet-config.ts'

/** What a simulated broker is given otherwise, or has for itself. */
const OWN_KEYS = new Set([
  ...['brokerClusterName', 'brokerName', 'listenPort', 'bindAddress', 'brokerIP1', 'brokerIP2', 'namesrvAddr'],
  ...['storePathRootDir', 'deleteWhen', 'fileReservedTime'],
])

/** The nodes of a cluster as a plan describes them, each on a machine of its own. */
export class Fleet {
  readonly #cluster: Cluster
  readonly #machines = new Map<string, Machine>()
  /** By machine. */
  readonly #nodes = new Map<string, Node>()
  /** Which node a machine had last. */
  readonly #lastIds = new Map<string, string>()
  #confFiles = 0

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Makes the node, or makes it anew by other settings; it does not run yet. What its machine holds stays. */
  install(node: PlanNode): Node {
    const { host } = node
    // What was done to the disk concerns whoever uses it next.
    const mayRefuseStart = this.#nodes.get(host)?.mayRefuseStart ?? false
    this.retire(host)
    const machine = this.#machineOf(host)
    // Folders are named after nodes: another node finds nothing there, the same one what it left.
    const last = this.#lastIds.get(host)
    if (last !== undefined && last !== node.id) machine.wipe()
    this.#lastIds.set(host, node.id)
    const made = this.#make(node, machine)
    made.mayRefuseStart = mayRefuseStart
    this.#nodes.set(host, made)
    return made
  }

  /** Its next start is by other settings. */
  reconfigure(node: PlanNode): void {
    const there = this.#nodes.get(node.host)
    if (!(there instanceof BrokerNode) || node.kind !== 'broker')
      throw new Error(`${node.id} is no broker that is there`)
    there.reconfigure(placeOf(node.group, settingsOf(node)))
  }

  at(host: string): Node | undefined {
    return this.#nodes.get(host)
  }

  /** Nobody starts it any more. */
  retire(host: string): void {
    const node = this.#nodes.get(host)
    if (node === undefined) return
    this.#nodes.delete(host)
    node.isRetired = true
    const { brokers, nameServers, controllers } = this.#cluster
    for (const list of [brokers, nameServers, controllers] as Node[][]) {
      const index = list.indexOf(node)
      if (index >= 0) list.splice(index, 1)
    }
  }

  /** What was changed by hand before is gone with the file that said so. */
  #newConfFile(): string {
    return `/conf/broker-${++this.#confFiles}.conf`
  }

  #machineOf(host: string): Machine {
    const known = this.#machines.get(host)
    if (known !== undefined) return known
    const machine = this.#cluster.world.machine(host, addressOfHost(host))
    this.#machines.set(host, machine)
    return machine
  }

  #make(node: PlanNode, machine: Machine): Node {
    const settings = settingsOf(node)
    if (node.kind === 'broker') return this.#makeBroker(node.group, settings, machine)
    if (node.kind === 'controller') return this.#makeController(settings, machine)
    if (node.kind === 'nameServer') return this.#makeNameServer(settings, machine)
    throw new Error(`${node.id}: a ${node.kind} is not simulated`)
  }

  #makeBroker(group: string, settings: ReadonlyMap<string, string>, machine: Machine): Node {
    const { brokers, watch } = this.#cluster
    const node = new BrokerNode(machine, { ...placeOf(group, settings), confFile: this.#newConfFile() }, watch)
    brokers.push(node)
    return node
  }

  #makeController(settings: ReadonlyMap<string, string>, machine: Machine): Node {
    const { controllers, raftChecker } = this.#cluster
    const [id, peers] = membershipIn(settings)
    const node = new ControllerNode(machine, id, peers, raftChecker)
    controllers.push(node)
    return node
  }

  #makeNameServer(settings: ReadonlyMap<string, string>, machine: Machine): Node {
    const { nameServers, raftChecker, nameServerAddresses } = this.#cluster
    const isHost = settings.get('enableControllerInNamesrv') === 'true'
    const [id, peers] = isHost ? membershipIn(settings) : ['', '']
    const node = new NameServerNode(machine, isHost ? { id, peers, checker: raftChecker } : undefined)
    nameServers.push(node)
    // Users tell their clients of a new one before an old one goes, and leave the old ones in their lists.
    if (!nameServerAddresses.includes(node.address)) nameServerAddresses.push(node.address)
    return node
  }
}

function settingsOf({ confFile }: PlanNode): Map<string, string> {
  return new Map(parseProperties(confFile.text).entries.map(({ key, value }) => [key, value]))
}

function placeOf(group: string, settings: ReadonlyMap<string, string>): BrokerPlace {
  const lines = [...settings].filter(([key]) => !OWN_KEYS.has(key)).map(([key, value]) => `${key}=${value}\n`)
  const nameServers = settings.get('namesrvAddr')!.split(';')
  return { group, settings: lines.join(''), nameServers, port: Number(settings.get('listenPort')) }
}

function membershipIn(settings: ReadonlyMap<string, string>): [id: string, peers: string] {
  return [settings.get('controllerDLegerSelfId')!, settings.get('controllerDLegerPeers')!]
}
