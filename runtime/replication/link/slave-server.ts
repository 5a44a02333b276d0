import type { Timer } from '../../io/clock.ts'
import type { Address, Connection, ConnectionEvents, Listener } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import { HOUSEKEEPING_PERIOD_MS, SLAVES_MAX } from './link-options.ts'

/** The master's end of one slave's connection. */
export interface ServedSlave extends ConnectionEvents {
  keepHouse(nowMs: number): void
  destroy(error?: Error): void
}

/** Accepts slaves on haListenPort and keeps house among them. */
export class SlaveServer<S extends ServedSlave> {
  readonly slaves = new Set<S>()
  readonly #context: NetContext
  readonly #serve: (connection: Connection) => S
  readonly #keptHouse: (nowMs: number) => void
  #listener: Listener | undefined
  #timer: Timer | undefined

  /** `keptHouse` runs once per HOUSEKEEPING_PERIOD_MS. */
  constructor(
    context: NetContext,
    serve: (connection: Connection) => S,
    keptHouse: (nowMs: number) => void = () => {},
  ) {
    this.#context = context
    this.#serve = serve
    this.#keptHouse = keptHouse
  }

  async listen(address: Address): Promise<Address> {
    const { network } = this.#context
    this.#listener = await (network.plain ?? network).listen(address, (connection) => this.#accept(connection))
    this.#timer = this.#context.clock.every(HOUSEKEEPING_PERIOD_MS, () => this.#keepHouse())
    return this.#listener.address
  }

  close(): void {
    this.#timer?.cancel()
    this.#listener?.close()
    this.disconnectAll()
  }

  disconnectAll(error?: Error): void {
    for (const slave of this.slaves) slave.destroy(error)
  }

  #accept(connection: Connection): S {
    const slave = this.#serve(connection)
    if (this.slaves.size >= SLAVES_MAX) slave.destroy(new Error(`more than ${SLAVES_MAX} replication connections`))
    this.slaves.add(slave)
    return slave
  }

  #keepHouse(): void {
    const now = this.#context.clock.monotonic()
    for (const slave of this.slaves) slave.keepHouse(now)
    this.#keptHouse(now)
  }
}
