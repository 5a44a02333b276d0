import type { BrokerConf } from '../config/broker-conf.ts'
import type { Address } from '../io/network.ts'
import type { RemotingServer } from '../net/remoting-server.ts'
import type { MessageStore } from '../store/message-store.ts'
import type { BrokerEnvironment } from './broker-environment.ts'
import { BrokerParts } from './broker-parts.ts'
import { registerServices } from './broker-services.ts'
import type { BrokerTables } from './broker-tables.ts'
import { BrokerUpkeep } from './broker-upkeep.ts'

/** A stop waits this long for sends that wait for the disk or for slaves, and then for slaves to get the end of the log. */
const STOP_WAIT_MAX_MS = 3_000
/** The fast port is this much below listenPort. */
const FAST_PORT_GAP = 2

/** A broker of one broker group: the order in which its parts start and stop. */
export class Broker {
  readonly #parts: BrokerParts
  readonly #upkeep: BrokerUpkeep
  #stopped: Promise<void> | undefined

  /** Opens and recovers the store. @throws Error naming what cannot be used and what to do */
  constructor(conf: BrokerConf, environment: BrokerEnvironment) {
    this.#parts = new BrokerParts(conf, environment)
    this.#upkeep = new BrokerUpkeep(this.#parts)
    registerServices(this.#parts)
  }

  /**
   * Listens, registers at the name servers and begins the periodic work. Returns the address of listenPort.
   * @throws Error when a port cannot be had
   */
  async start(): Promise<Address> {
    const { environment, replication, controllerMode, members } = this.#parts
    const { door } = environment
    const address = door?.address ?? (await this.#listen())
    await replication.start()
    if (door !== undefined && controllerMode !== undefined) door.admit(controllerMode.masterSource)
    this.#upkeep.start()
    // Not waited for: a name server that does not answer must not keep clients that know the address from being served.
    // In controller mode there is nothing to register before there is a role.
    if (controllerMode === undefined) void this.#comeOnline()
    members.start()
    return address
  }

  async #comeOnline(): Promise<void> {
    const { preOnline, registration } = this.#parts
    if (preOnline !== undefined && !(await preOnline.run())) return
    this.#parts.becomeOnline()
    await registration.start()
  }

  async #listen(): Promise<Address> {
    const { conf, server } = this.#parts
    const { listenPort, bindAddress } = conf.current
    const address = await server.listen({ host: bindAddress, port: listenPort })
    if (listenPort > FAST_PORT_GAP) await server.listen({ host: bindAddress, port: listenPort - FAST_PORT_GAP })
    return address
  }

  /** Takes no messages any more, answers what waits, tells the name servers, writes everything out. Once, whoever asks again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    const parts = this.#parts
    if (parts.controllerMode !== undefined) await parts.controllerMode.leave()
    parts.isStopping = true
    parts.preOnline?.stop()
    const hasFinished = await this.#finishSends()
    await parts.registration.stop()
    this.#upkeep.stop()
    parts.pulls.held.releaseAll()
    parts.pop.releaseAll()
    parts.lite.releaseAll()
    parts.commit()
    await parts.classicReplication?.levelSlaves(STOP_WAIT_MAX_MS)
    this.#close()
    // Saved offsets may not speak of messages that a power cut would still take.
    if (hasFinished) await this.#flushLog()
    parts.tables.saveAll(parts.environment.clock.now())
    this.#closeTimers()
    parts.store.close()
  }

  /** After a start that failed: gives up what was opened, above all the store. */
  abandon(): void {
    this.#parts.preOnline?.stop()
    this.#upkeep.stop()
    this.#close()
    this.#parts.timers?.abandon()
    this.#parts.store.close()
  }

  get store(): MessageStore {
    return this.#parts.store
  }

  get tables(): BrokerTables {
    return this.#parts.tables
  }

  get server(): RemotingServer {
    return this.#parts.server
  }

  /** Whether it may store messages; in controller mode that changes while it runs. */
  get isMaster(): boolean {
    return this.#parts.isMaster
  }

  /** Controller mode, masters: the replicas that hold everything confirmed, as the controllers agreed to. */
  get syncStateSet(): ReadonlySet<number> | undefined {
    return this.#parts.controllerMode?.replication.syncStateSet
  }

  /** Controller mode: the newest epoch of its group that this broker acts on; undefined before the first. */
  get masterEpoch(): number | undefined {
    return this.#parts.controllerMode?.masterEpoch
  }

  /** Controller mode: the id that the controllers gave this broker, whatever its role; undefined before. */
  get controllerBrokerId(): number | undefined {
    return this.#parts.controllerMode?.brokerId
  }

  /** Of timers no more is said than what a power cut would leave. */
  #closeTimers(): void {
    const { timers, store, environment } = this.#parts
    const end = store.writtenOffset
    timers?.close(environment.clock.now(), store.flushedOffset >= end && store.confirmOffset >= end)
  }

  #close(): void {
    const { environment, server, members, replication, client } = this.#parts
    if (environment.door === undefined) server.close()
    else environment.door.close()
    members.stop()
    replication.stop()
    client.close()
  }

  /** Waits until everything written is durable, or STOP_WAIT_MAX_MS. */
  #flushLog(): Promise<void> {
    const { store, environment } = this.#parts
    const end = store.writtenOffset
    if (store.flushedOffset >= end) return Promise.resolve()
    return new Promise((resolve) => {
      const limit = environment.clock.after(STOP_WAIT_MAX_MS, resolve)
      store.onFlushed((flushedOffset) => {
        if (flushedOffset < end) return
        limit.cancel()
        resolve()
      })
      store.flush()
    })
  }

  /**
   * Senders whose message neither disk nor slaves confirmed in time are told so: it is stored, and they know that. False
   * when there were such.
   */
  async #finishSends(): Promise<boolean> {
    const { acks, environment } = this.#parts
    this.#parts.commit()
    const hasFinished = await new Promise<boolean>((resolve) => {
      const limit = environment.clock.after(STOP_WAIT_MAX_MS, () => resolve(false))
      acks.onceIdle(() => {
        limit.cancel()
        resolve(true)
      })
    })
    acks.giveUp()
    return hasFinished
  }
}
