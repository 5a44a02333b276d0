import type { Node } from '../nodes/node.ts'
import type { Cluster } from '../scenarios/cluster.ts'
import type { CrashKind } from '../sim-disk.ts'
import type { Machine } from '../world/machine.ts'

const START_ALL_EVERY_MS = 300

/** What goes wrong in one life of a cluster, and how much of it. */
export class Faults {
  readonly #cluster: Cluster
  #isOver = false
  /** Between two disturbances, at most. */
  readonly #everyMs: number
  /** What happened, by kind. */
  readonly counts = new Map<string, number>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#everyMs = [2000, 900, 400][cluster.world.random.below(3)]!
  }

  begin(): void {
    const { queue, random } = this.#cluster.world
    const next = (): void => {
      if (this.#isOver) return
      this.#disturb()
      queue.after(50 + random.below(this.#everyMs), next)
    }
    queue.after(random.below(2500), next)
  }

  /** Everything heals. */
  end(): void {
    this.#isOver = true
    const { world } = this.#cluster
    world.trace.line('faults end')
    world.network.links.calm()
    world.network.mendAll()
    for (const { disk } of world.machines) {
      disk.clearFaults()
      disk.quotaBytes = Number.POSITIVE_INFINITY
    }
    for (const machine of world.machines) machine.isDiskSlow = false
    this.#startAll()
  }

  /** Also who is still about to stop. */
  #startAll(): void {
    const { world, nodes } = this.#cluster
    for (const node of nodes) node.start()
    world.queue.after(START_ALL_EVERY_MS, () => this.#startAll())
  }

  #disturb(): void {
    const { world } = this.#cluster
    const dice = world.random.below(100)
    const node = this.#any()
    if (dice < 25) this.#crash(node)
    else if (dice < 33) this.#restart(node)
    else if (dice < 48) this.#cutOff(node.machine)
    else if (dice < 60) this.#heal()
    else if (dice < 68) this.#count('pause', () => node.machine.pause(world.between(20, 1500)))
    else if (dice < 78) this.#breakConnections(node.machine)
    else if (dice < 84) this.#count('slow disk', () => this.#slowDisk(node.machine))
    else if (dice < 88) this.#count('clock', () => node.machine.jumpClock(world.between(-5000, 5000)))
    else if (dice < 96) this.#count('consumer', () => this.#cluster.consumer.startAnew())
    else this.#count('rolling restart', () => this.#rollingRestart())
  }

  #count(kind: string, act: () => void): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    act()
  }

  /** Brokers are in the thick of it, and of them masters. */
  #any(): Node {
    const { world, brokers, nodes } = this.#cluster
    const masters = brokers.filter(({ broker }) => broker?.isMaster)
    if (masters.length > 0 && world.chance(30)) return world.pick(masters)!
    return world.chance(60) ? world.pick(brokers)! : world.pick(nodes)!
  }

  #crash(node: Node): void {
    const { world, shape } = this.#cluster
    if (!node.isUp) {
      node.start()
      return
    }
    const kind = this.#kindFor(node, world.pick(shape.crashes)!)
    this.#count(kind, () => node.kill(kind))
    world.queue.after(world.between(5, world.chance(20) ? 6000 : 1200), () => this.#isOver || node.start())
  }

  /** Controllers and name servers bear every crash. */
  #kindFor(node: Node, kind: CrashKind): CrashKind {
    const { world, brokers } = this.#cluster
    if ((brokers as readonly Node[]).includes(node)) return kind
    return world.pick(['process', 'power', 'power-worst'] as const)!
  }

  #restart(node: Node): void {
    const { world } = this.#cluster
    if (!node.isUp) return
    this.#count('restart', () => node.stop())
    this.#startWhenDown(node, world.between(50, 500))
  }

  #startWhenDown(node: Node, afterMs: number): void {
    this.#cluster.world.queue.after(afterMs, () => {
      if (this.#isOver) return
      if (node.isUp) this.#startWhenDown(node, 200)
      else node.start()
    })
  }

  /** One node after the other, the next once the last one has been up for a while. */
  #rollingRestart(): void {
    const { world, brokers } = this.#cluster
    world.trace.line('rolling restart')
    let delayMs = 0
    for (const node of brokers) {
      world.queue.after(delayMs, () => this.#isOver || this.#restart(node))
      delayMs += world.between(1500, 3000)
    }
  }

  /** One machine, or two, against the others; one way or both. */
  #cutOff(machine: Machine): void {
    const { world } = this.#cluster
    const side = new Set([machine, ...(world.chance(30) ? [this.#any().machine] : [])])
    const ways = world.random.below(3)
    const withClients = world.chance(50)
    const { links } = world.network
    for (const other of world.machines) {
      if (side.has(other) || (other.name === 'client' && !withClients)) continue
      for (const { host } of side) {
        if (ways !== 1) links.cut(host, other.host)
        if (ways !== 2) links.cut(other.host, host)
      }
    }
    const names = [...side].map(({ name }) => name).join(', ')
    const what = ['both ways', 'hears nothing', 'is not heard'][ways]!
    this.#count(`cut, ${what}`, () =>
      world.trace.line(`cut off: ${names} (${what}${withClients ? ', also clients' : ''})`),
    )
    world.queue.after(world.between(100, world.chance(25) ? 6000 : 2000), () => this.#heal())
  }

  #heal(): void {
    const { world } = this.#cluster
    if (world.network.links.isWhole) return
    world.trace.line('all links work')
    world.network.mendAll()
  }

  #breakConnections(machine: Machine): void {
    const { world } = this.#cluster
    const broken = world.network.breakConnections(machine.host, world.pick([20, 50, 100])!)
    this.#count('break', () => world.trace.line(`${machine.name}: ${broken} connections break`))
  }

  #slowDisk(machine: Machine): void {
    const { world } = this.#cluster
    world.trace.line(`${machine.name}: disk is slow`)
    machine.isDiskSlow = true
    world.queue.after(world.between(200, 3000), () => {
      machine.isDiskSlow = false
    })
  }
}
