import type { Clock, Timer } from '../../runtime/io/clock.ts'
import type { Address, Connection, ConnectionEvents, Listener, Network } from '../../runtime/io/network.ts'

/**
 * The clock and network of one simulated process, which can be killed: none of its timers fires and nothing reaches it
 * any more; its peers see their connections end.
 */
export class MortalProcess {
  readonly clock: Clock
  readonly network: Network
  #isDead = false
  readonly #connections: Connection[] = []
  readonly #listeners: Listener[] = []

  constructor(clock: Clock, network: Network) {
    this.clock = this.#mortalClock(clock)
    this.network = this.#mortalNetwork(network)
  }

  kill(): void {
    this.#isDead = true
    for (const listener of this.#listeners) listener.close()
    for (const connection of this.#connections) connection.destroy()
  }

  #mortalClock(clock: Clock): Clock {
    const whileAlive = (run: () => void) => () => {
      if (!this.#isDead) run()
    }
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, run): Timer => clock.after(delayMs, whileAlive(run)),
      every: (periodMs, run): Timer => clock.every(periodMs, whileAlive(run)),
      endOfTurn: (run) => clock.endOfTurn(whileAlive(run)),
    }
  }

  #mortalNetwork(network: Network): Network {
    return {
      listen: async (address: Address, accept: (connection: Connection) => ConnectionEvents) => {
        const listener = await network.listen(address, (connection) => {
          this.#connections.push(connection)
          return this.#mortalEvents(accept(connection))
        })
        this.#listeners.push(listener)
        return listener
      },
      connect: (address, timeoutMs, events) => {
        const opened = (connection: Connection) => {
          this.#connections.push(connection)
          if (this.#isDead) connection.destroy()
          else events.opened(connection)
        }
        network.connect(address, timeoutMs, { ...this.#mortalEvents(events), opened })
      },
    }
  }

  #mortalEvents(events: ConnectionEvents): ConnectionEvents {
    return {
      readBuffer: () => (this.#isDead ? Buffer.alloc(1024) : events.readBuffer()),
      received: (count) => {
        if (!this.#isDead) events.received(count)
      },
      drained: () => {
        if (!this.#isDead) events.drained()
      },
      closed: (error) => {
        if (!this.#isDead) events.closed(error)
      },
    }
  }
}
