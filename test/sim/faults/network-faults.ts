import type { Machine } from '../world/machine.ts'
import type { FaultContext } from './fault.ts'

/** Cuts, breaks, and what undoes them. */
export class NetworkFaults {
  readonly #context: FaultContext

  constructor(context: FaultContext) {
    this.#context = context
  }

  /** One machine, or two, against the others; one way or both. */
  cutOff(machine: Machine): void {
    const { cluster, count, any } = this.#context
    const { world } = cluster
    const side = new Set([machine, ...(world.chance(30) ? [any().machine] : [])])
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
    count(`cut, ${what}`)
    world.trace.line(`cut off: ${names} (${what}${withClients ? ', also clients' : ''})`)
    world.queue.after(world.between(100, world.chance(25) ? 6000 : 2000), () => this.heal())
  }

  heal(): void {
    const { world } = this.#context.cluster
    if (world.network.links.isWhole) return
    world.trace.line('all links work')
    world.network.mendAll()
  }

  breakConnections(machine: Machine): void {
    const { cluster, count } = this.#context
    const { world } = cluster
    const broken = world.network.breakConnections(machine.host, world.pick([20, 50, 100])!)
    count('break')
    world.trace.line(`${machine.name}: ${broken} connections break`)
  }
}
