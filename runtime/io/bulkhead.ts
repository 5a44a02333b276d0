import type { Clock, Timer } from './clock.ts'
import type { Address, Connection, ConnectionEvents, Listener, Network } from './network.ts'

/**
 * A wall around one part of a process, which is given this clock and this network in place of the real ones. An error that
 * the part lets escape from a timer or from an event of a connection does not end the process: it closes the bulkhead.
 * From then on none of its timers fires, its connections are closed, and it is told of nothing any more.
 */
export class Bulkhead {
  readonly clock: Clock
  readonly network: Network
  readonly #onBroken: (error: unknown) => void
  readonly #connections = new Set<Connection>()
  readonly #listeners = new Set<Listener>()
  #isClosed = false

  /** `onBroken` is called once, with the error that closed it. */
  constructor(clock: Clock, network: Network, onBroken: (error: unknown) => void) {
    this.#onBroken = onBroken
    this.clock = this.#guardedClock(clock)
    this.network = this.#guardedNetwork(network)
  }

  close(): void {
    this.#isClosed = true
    for (const listener of this.#listeners) listener.close()
    for (const connection of this.#connections) connection.destroy()
    this.#listeners.clear()
    this.#connections.clear()
  }

  #run(step: () => void): void {
    if (this.#isClosed) return
    try {
      step()
    } catch (error) {
      this.close()
      this.#onBroken(error)
    }
  }

  #guardedClock(clock: Clock): Clock {
    const guarded = (run: () => void) => () => this.#run(run)
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, run): Timer => clock.after(delayMs, guarded(run)),
      every: (periodMs, run): Timer => clock.every(periodMs, guarded(run)),
      endOfTurn: (run) => clock.endOfTurn(guarded(run)),
    }
  }

  #guardedNetwork(network: Network): Network {
    return {
      listen: async (address: Address, accept: (connection: Connection) => ConnectionEvents) => {
        const listener = await network.listen(address, (connection) => this.#accept(connection, accept))
        if (this.#isClosed) listener.close()
        else this.#listeners.add(listener)
        return listener
      },
      connect: (address, timeoutMs, events) => {
        const seen: { connection?: Connection } = {}
        network.connect(address, timeoutMs, {
          ...this.#guardedEvents(events, seen),
          opened: (connection) => {
            seen.connection = connection
            this.#connections.add(connection)
            if (this.#isClosed) connection.destroy()
            this.#run(() => events.opened(connection))
          },
        })
      },
    }
  }

  #accept(connection: Connection, accept: (connection: Connection) => ConnectionEvents): ConnectionEvents {
    let events: ConnectionEvents = NOBODY
    if (this.#isClosed) connection.destroy()
    else this.#connections.add(connection)
    this.#run(() => {
      events = accept(connection)
    })
    return this.#guardedEvents(events, { connection })
  }

  #guardedEvents(events: ConnectionEvents, seen: { readonly connection?: Connection }): ConnectionEvents {
    return {
      readBuffer: () => {
        let buffer: Uint8Array = NOBODY.readBuffer()
        this.#run(() => {
          buffer = events.readBuffer()
        })
        return buffer
      },
      received: (count) => this.#run(() => events.received(count)),
      drained: () => this.#run(() => events.drained()),
      closed: (error) => {
        if (seen.connection) this.#connections.delete(seen.connection)
        this.#run(() => events.closed(error))
      },
    }
  }
}

/** Bytes for somebody who is not there any more. */
const DISCARDED = Buffer.alloc(4096)
const NOBODY: ConnectionEvents = { readBuffer: () => DISCARDED, received() {}, drained() {}, closed() {} }
