import { BrokerNode } from '../nodes/broker-node.ts'
import type { Node } from '../nodes/node.ts'
import type { Cluster } from '../scenarios/cluster.ts'
import type { CrashKind } from '../sim-disk.ts'
import { AdminFaults } from './admin-faults.ts'
import { DiskFaults } from './disk-faults.ts'
import type { FaultContext } from './fault.ts'
import { LonePowerCut } from './lone-power-cut.ts'
import { NetworkFaults } from './network-faults.ts'

const START_ALL_EVERY_MS = 300
const CRASHES: readonly CrashKind[] = ['process', 'power', 'power-worst']

/** What goes wrong in one life of a cluster, and how much of it. */
export class Faults implements FaultContext {
  readonly cluster: Cluster
  isOver = false
  readonly #network: NetworkFaults
  readonly #disks: DiskFaults
  readonly #admin: AdminFaults
  readonly #powerCut: LonePowerCut
  /** Between two disturbances, at most. */
  readonly #everyMs: number
  /** What happened, by kind. */
  readonly counts = new Map<string, number>()

  constructor(cluster: Cluster) {
    this.cluster = cluster
    this.#network = new NetworkFaults(this)
    this.#disks = new DiskFaults(this)
    this.#admin = new AdminFaults(this)
    this.#powerCut = new LonePowerCut(this)
    this.#everyMs = [2000, 900, 400][cluster.world.random.below(3)]!
  }

  begin(): void {
    const { queue, random } = this.cluster.world
    const next = (): void => {
      if (this.isOver) return
      this.#disturb()
      queue.after(50 + random.below(this.#everyMs), next)
    }
    queue.after(random.below(2500), next)
  }

  /** Everything heals. */
  end(): void {
    this.isOver = true
    const { world } = this.cluster
    world.trace.line('faults end')
    world.network.links.calm()
    world.network.mendAll()
    for (const machine of world.machines) {
      machine.disk.clearFaults()
      machine.disk.quotaBytes = Number.POSITIVE_INFINITY
      machine.isDiskSlow = false
    }
    this.#startAll()
  }

  readonly count = (kind: string): void => {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }

  readonly any = (): Node => {
    const { world, brokers, nodes } = this.cluster
    const masters = brokers.filter(({ broker }) => broker?.isMaster)
    if (masters.length > 0 && world.chance(30)) return world.pick(masters)!
    return world.chance(60) ? world.pick(brokers)! : world.pick(nodes)!
  }

  #disturb(): void {
    if (this.#powerCut.isUnderWay) return
    const { world } = this.cluster
    const node = this.any()
    const dice = world.random.below(100)
    if (dice < 4) this.#cutPower()
    else if (dice < 18) this.#crash(node)
    else if (dice < 26) this.#dieWithin(node)
    else if (dice < 32) this.#restart(node)
    else if (dice < 46) this.#network.cutOff(node.machine)
    else if (dice < 56) this.#network.heal()
    else if (dice < 63) this.#pause(node)
    else if (dice < 71) this.#network.breakConnections(node.machine)
    else if (dice < 75) this.#disks.slow(node)
    else if (dice < 77) this.#disks.full(node)
    else if (dice < 79) this.#disks.failWrite(node)
    else if (dice < 82) this.#disks.wipe(node)
    else if (dice < 85) this.#jumpClock(node)
    else if (dice < 89) this.#admin.handOver()
    else if (dice < 91) this.#admin.changeLeader()
    else if (dice < 93) this.#admin.changeConfig()
    else if (dice < 95) this.#admin.changeTopics()
    else if (dice < 98) this.#restartConsumers()
    else this.#rollingRestart()
  }

  #cutPower(): void {
    if (!this.#disks.isOneFated) this.#powerCut.begin()
  }

  #pause({ machine }: Node): void {
    this.count('pause')
    machine.pause(this.cluster.world.between(20, 1500))
  }

  #jumpClock({ machine }: Node): void {
    this.count('clock')
    machine.jumpClock(this.cluster.world.between(-5000, 5000))
  }

  #restartConsumers(): void {
    this.count('consumer')
    this.cluster.startConsumersAnew()
  }

  #crash(node: Node): void {
    if (!node.isUp) {
      node.start()
      return
    }
    const kind = this.#kindFor(node)
    this.count(kind)
    node.kill(kind)
    this.#startLater(node)
  }

  #dieWithin(node: Node): void {
    if (node.isUp) this.#disks.dieWithin(node, this.#kindFor(node), () => this.#startLater(node))
  }

  #startLater(node: Node): void {
    const { world } = this.cluster
    world.queue.after(world.between(5, world.chance(20) ? 6000 : 1200), () => {
      if (this.isOver) return
      node.start()
      if (world.chance(15)) this.#crashSoon(node)
    })
  }

  /** A new process meets what the last one left half done, and leaves it to the next. */
  #crashSoon(node: Node): void {
    const { world } = this.cluster
    world.queue.after(world.between(1, 200), () => {
      if (!this.isOver && !this.#powerCut.isUnderWay && node.isUp) this.#crash(node)
    })
  }

  /** Controllers and name servers bear every crash. */
  #kindFor(node: Node): CrashKind {
    const { world, shape } = this.cluster
    return world.pick(node instanceof BrokerNode ? shape.crashes : CRASHES)!
  }

  #restart(node: Node): void {
    if (this.#powerCut.isUnderWay) {
      // One of a rolling restart.
      this.cluster.world.queue.after(200, () => this.isOver || this.#restart(node))
      return
    }
    if (!node.isUp) return
    this.count('restart')
    node.stop()
    this.#startWhenDown(node, this.cluster.world.between(50, 500))
  }

  #startWhenDown(node: Node, afterMs: number): void {
    this.cluster.world.queue.after(afterMs, () => {
      if (this.isOver) return
      if (node.isUp) this.#startWhenDown(node, 200)
      else node.start()
    })
  }

  /** One broker after the other, the next once the last one has been up for a while. */
  #rollingRestart(): void {
    const { world, brokers } = this.cluster
    this.count('rolling restart')
    world.trace.line('rolling restart')
    let delayMs = 0
    for (const node of brokers) {
      world.queue.after(delayMs, () => this.isOver || this.#restart(node))
      delayMs += world.between(1500, 3000)
    }
  }

  /** Also who is still about to stop. */
  #startAll(): void {
    const { world, nodes } = this.cluster
    for (const node of nodes) node.start()
    world.queue.after(START_ALL_EVERY_MS, () => this.#startAll())
  }
}
