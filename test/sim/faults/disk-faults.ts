import { BrokerNode } from '../nodes/broker-node.ts'
import type { Node } from '../nodes/node.ts'
import type { CrashKind, DiskOperation } from '../sim-disk.ts'
import type { FaultContext } from './fault.ts'

/** What changes a disk, and may be the last thing that a process does. */
const FATEFUL: readonly DiskOperation[] = ['write', 'truncate', 'sync', 'rename', 'remove', 'writeFile', 'syncFolder']
/** Between a file is made and its name is durable. */
const NAMING: readonly DiskOperation[] = ['syncFolder']
const FULL_BYTES = 12_000

/** Disks that are slow, full, refuse writes or are emptied, and processes that die in the middle of using one. */
export class DiskFaults {
  readonly #context: FaultContext
  /** They end within one of their next writes. */
  readonly #fated = new Set<Node>()

  constructor(context: FaultContext) {
    this.#context = context
  }

  slow({ machine }: Node): void {
    const { cluster, count } = this.#context
    const { world } = cluster
    count('slow disk')
    world.trace.line(`${machine.name}: disk is slow`)
    machine.isDiskSlow = true
    world.queue.after(world.between(200, 3000), () => {
      machine.isDiskSlow = false
    })
  }

  /** A process may end at any moment. */
  get isOneFated(): boolean {
    return this.#fated.size > 0
  }

  /** For a while nothing more fits. */
  full(node: Node): void {
    const { cluster, count } = this.#context
    const { world } = cluster
    const { machine } = node
    if (!(node instanceof BrokerNode) || Number.isFinite(machine.disk.quotaBytes)) return
    count('full disk')
    world.trace.line(`${machine.name}: disk is full`)
    const { disk } = machine
    disk.quotaBytes = disk.usedBytes + world.random.below(FULL_BYTES)
    node.mayRefuseStart = true
    world.queue.after(world.between(200, 2500), () => {
      world.trace.line(`${machine.name}: disk has room again`)
      disk.quotaBytes = Number.POSITIVE_INFINITY
    })
  }

  /** One write to the commit log fails, and may have left a part of it behind. */
  failWrite(node: Node): void {
    const { cluster, count } = this.#context
    const { world } = cluster
    if (!(node instanceof BrokerNode)) return
    count('failed write')
    world.trace.line(`${node.machine.name}: a write will fail`)
    node.mayRefuseStart = true
    node.machine.disk.fail({ nth: world.between(1, 4), code: 'EIO', operations: ['write'], path: /commitlog/ })
  }

  /** The process, or its machine, ends within one of the next changes of its disk. */
  dieWithin(node: Node, kind: CrashKind, after: () => void): void {
    const { cluster, count } = this.#context
    const { world } = cluster
    const { disk } = node.machine
    this.#fated.add(node)
    const hit = (): void => {
      this.#fated.delete(node)
      count(`${kind} within a write`)
      node.kill(kind)
      after()
    }
    const when = world.chance(20)
      ? { nth: world.between(1, 3), operations: NAMING }
      : { nth: world.between(1, 25), operations: FATEFUL }
    disk.fail({ ...when, code: 'EIO', hit })
  }

  /** A replica comes back with nothing. The others of the group hold what was promised. */
  wipe(node: Node): void {
    const { cluster, count } = this.#context
    if (!(node instanceof BrokerNode) || !this.#mayLose(node)) return
    const { world } = cluster
    count('wipe')
    node.kill('process')
    node.machine.wipe()
    world.queue.after(world.between(50, 1500), () => this.#context.isOver || node.start())
  }

  /** Of a master that moves to another machine the new one is about to be the only one that is left. */
  #hasLastingMaster(group: string): boolean {
    return this.#context.cluster.brokers.some(
      (one) => one.group === group && one.conf.brokerRole !== 'SLAVE' && !one.isRetired && !one.isToldToEnd,
    )
  }

  #mayLose(node: BrokerNode): boolean {
    const { cluster } = this.#context
    if (cluster.shape.controllers === 0) return node.conf.brokerRole === 'SLAVE' && this.#hasLastingMaster(node.group)
    const agreed = cluster.watch.syncStateSets.agreed(node.group)
    if (agreed === undefined || node.broker === undefined || node.broker.isMaster) return false
    // Elected in this moment, or by controllers that cannot see that it is gone, it would be the only one that may be.
    if (cluster.isHandingOver(node.group) || !cluster.world.network.links.isWhole) return false
    // Whoever is elected now has to hold everything, and may not be known to be in the set by any controller that runs.
    const master = cluster.masterOf(node.group)
    return master !== undefined && master.brokerId === agreed.masterBrokerId && master.brokerId !== node.brokerId
  }
}
