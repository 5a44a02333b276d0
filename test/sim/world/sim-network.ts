import type { Address, Connection, ConnectionEvents, Listener, Network } from '../../../runtime/io/network.ts'
import type { CrashKind } from '../sim-disk.ts'
import { HostLinks } from './links.ts'
import type { SimProcess } from './sim-process.ts'
import { SimSocket } from './sim-socket.ts'
import type { World } from './world.ts'

type Accept = (connection: Connection) => ConnectionEvents
type ClientEvents = ConnectionEvents & { opened(connection: Connection): void }

interface Listening {
  readonly process: SimProcess
  readonly accept: Accept
}

/** An attempt to connect is repeated after this while the way is cut. */
const SYN_RETRY_MS = 1000

/**
 * TCP between simulated machines: what is sent arrives in order and once, after a while, or not before a cut is mended, or
 * the connection breaks. Different connections overtake one another.
 */
export class SimNetwork {
  readonly links: HostLinks
  readonly #world: World
  /** By `host:port`. */
  readonly #listening = new Map<string, Listening>()
  readonly #sockets = new Set<SimSocket>()
  #nextPort = 40_000
  #nextSocket = 1

  constructor(world: World) {
    this.#world = world
    this.links = new HostLinks(world)
  }

  /** The network as one process has it. */
  of(process: SimProcess): Network {
    process.onEnd((kind) => this.#ended(process, kind))
    return {
      listen: (address, accept) => this.#listen(process, address, accept),
      connect: (address, timeoutMs, events) => this.#connect(process, address, timeoutMs, events),
    }
  }

  /** Whatever was held back by a cut is on its way again. */
  mendAll(): void {
    this.links.mendAll()
    for (const socket of [...this.#sockets]) socket.sendHeld()
  }

  /** Some connections of a machine break, at both ends. */
  breakConnections(host: string, percent: number): number {
    let broken = 0
    for (const socket of [...this.#sockets]) {
      if (socket.local.host !== host || socket.isOver || !this.#world.chance(percent)) continue
      socket.reset()
      broken++
    }
    return broken
  }

  forget(socket: SimSocket): void {
    this.#sockets.delete(socket)
  }

  #listen(process: SimProcess, { port }: Address, accept: Accept): Promise<Listener> {
    const { host } = process.machine
    const key = `${host}:${port}`
    if (process.isDead) return new Promise(() => {})
    if (this.#listening.has(key)) return Promise.reject(new Error(`port ${port} of ${host} is in use`))
    const listening = { process, accept }
    this.#listening.set(key, listening)
    const close = (): void => {
      if (this.#listening.get(key) === listening) this.#listening.delete(key)
    }
    return Promise.resolve({ address: { host, port }, close })
  }

  #connect(process: SimProcess, to: Address, timeoutMs: number, events: ClientEvents): void {
    if (process.isDead) return
    const { queue } = this.#world
    const from = { host: process.machine.host, port: this.#nextPort++ }
    let isOver = false
    const failed = (problem: string): void => {
      if (isOver) return
      isOver = true
      process.act(() => events.closed(new Error(`${to.host}:${to.port}: ${problem}`)))
    }
    process.clock.after(timeoutMs, () => failed(`no connection within ${timeoutMs} ms`))
    const attempt = (): void => {
      if (isOver || process.isDead) return
      const isCut = this.links.isCut(from.host, to.host) || this.links.isCut(to.host, from.host)
      if (isCut || this.#world.machineAt(to.host)?.isPowered !== true) {
        queue.after(SYN_RETRY_MS, attempt)
        return
      }
      const listening = this.#listening.get(`${to.host}:${to.port}`)
      if (listening === undefined) {
        queue.after(this.links.delayMs(), () => failed('connection refused'))
        return
      }
      const near = this.#established(process, from, to, listening)
      queue.after(this.links.delayMs(), () => {
        if (isOver) {
          near.destroy()
          return
        }
        isOver = true
        near.open(events)
      })
    }
    queue.after(this.links.delayMs(), attempt)
  }

  #established(process: SimProcess, from: Address, to: Address, listening: Listening): SimSocket {
    const near = new SimSocket(this.#world, this.#nextSocket++, process, from, to)
    const far = new SimSocket(this.#world, this.#nextSocket++, listening.process, to, from)
    near.peer = far
    far.peer = near
    this.#sockets.add(near)
    this.#sockets.add(far)
    far.accept(listening.accept)
    return near
  }

  #ended(process: SimProcess, kind: CrashKind): void {
    for (const [key, listening] of this.#listening) if (listening.process === process) this.#listening.delete(key)
    for (const socket of [...this.#sockets]) if (socket.process === process) socket.processEnded(kind)
  }
}
