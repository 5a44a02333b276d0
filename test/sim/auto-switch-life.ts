import type { AutoSwitchReplication } from '../../runtime/replication/auto-switch/auto-switch-replication.ts'
import { isSame } from '../../runtime/replication/auto-switch/sync-state-set.ts'
import { ReplicaHost, ReplicaWorld } from '../../runtime/replication/auto-switch/testing/replica-host.ts'
import { SeededRandom } from './seeded-random.ts'
import type { CrashKind } from './sim-disk.ts'

const QUEUES = 2
const CRASHES: readonly CrashKind[] = ['process', 'power', 'power-worst']

/** What a quorum of controllers agrees on: one state, changed by one request after the other. */
interface GroupState {
  masterId: number | undefined
  masterEpoch: number
  set: ReadonlySet<number>
  setEpoch: number
}

/** A wish on its way to the controllers. */
interface Ask {
  readonly masterId: number
  readonly masterEpoch: number
  readonly setEpoch: number
  readonly wanted: ReadonlySet<number>
}

interface Sent {
  readonly id: number
  readonly body: string
  readonly queueId: number
  readonly masterId: number
  readonly masterEpoch: number
  readonly endOffset: number
  readonly queueOffset: number
  state: 'waiting' | 'acked' | 'unknown'
}

/** What {@link ReplicaHost.replication} acknowledges with allAckInSyncStateSet. */
function ackedOffset(replication: AutoSwitchReplication): number {
  return Math.min(replication.ackedByAll, replication.safeOffset)
}

/**
 * One seeded life of a replica group under perfect controllers: sends, crashes, power cuts, elections of which brokers hear
 * late or never, wishes for another SyncStateSet that are granted, lost, or granted without anybody being told. After every
 * step: what was acknowledged or shown is in the log of whoever may be elected, where it was said to be.
 */
export class AutoSwitchLife {
  readonly #seed: number
  readonly #random: SeededRandom
  readonly #world = new ReplicaWorld()
  readonly #hosts: ReplicaHost[]
  readonly #isSyncFlush: boolean
  readonly #group: GroupState = { masterId: undefined, masterEpoch: 0, set: new Set(), setEpoch: 0 }
  #asks: Ask[] = []
  readonly #sent: Sent[] = []
  /** By queue, what a consumer was shown at each offset. */
  readonly #shown: string[][] = Array.from({ length: QUEUES }, () => [])
  readonly #trace: string[] = []
  acked = 0
  elections = 0
  cuts = 0

  constructor(seed: number) {
    this.#seed = seed
    this.#random = new SeededRandom(seed)
    this.#isSyncFlush = this.#random.below(2) === 0
    const config = {
      flushDiskType: this.#isSyncFlush ? ('SYNC_FLUSH' as const) : ('ASYNC_FLUSH' as const),
      haMaxTimeSlaveNotCatchup: 2000,
      haTransferBatchSize: 700,
    }
    const disk = { syncs: 'manual' as const }
    this.#hosts = [1, 2, 3].map((id) => new ReplicaHost(id, this.#world, config, { ...disk, seed: seed * 10 + id }))
  }

  async run(steps: number): Promise<void> {
    try {
      for (const host of this.#hosts) await host.start()
      for (let i = 0; i < steps; i++) {
        await this.#step()
        this.#check()
      }
      await this.#comeToRest()
    } catch (error) {
      const flush = this.#isSyncFlush ? 'SYNC_FLUSH' : 'ASYNC_FLUSH'
      throw new Error(`seed ${this.#seed} (${flush}): ${String(error)}\n${this.#trace.slice(-60).join('\n')}`, {
        cause: error,
      })
    }
  }

  async #step(): Promise<void> {
    const dice = this.#random.below(100)
    if (dice < 35) this.#send()
    else if (dice < 55) await this.#rounds(1 + this.#random.below(4))
    else if (dice < 67) this.#syncSome()
    else if (dice < 78) await this.#passTime()
    else if (dice < 86) this.#controllersAct()
    else if (dice < 94) this.#tellSomebody()
    else if (dice < 97) await this.#crashSomebody()
    else await this.#startSomebody()
    this.#collect()
  }

  #note(text: string): void {
    this.#trace.push(text)
  }

  #hostOf(id: number): ReplicaHost {
    return this.#hosts[id - 1]!
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.#random.below(from.length)]
  }

  get #running(): ReplicaHost[] {
    return this.#hosts.filter((host) => host.isRunning)
  }

  /** To whoever believes to be master, also a stale one. */
  #send(): void {
    const master = this.#pick(this.#running.filter(({ replication }) => replication.role === 'master'))
    if (master === undefined || master.store.refusal !== undefined) return
    const count = 1 + this.#random.below(4)
    for (let i = 0; i < count; i++) {
      const id = this.#sent.length
      const length = this.#random.below(6) === 0 ? this.#random.below(5000) : this.#random.below(400)
      const body = `${id}:`.padEnd(length, String(id % 10))
      const queueId = this.#random.below(QUEUES)
      const endOffset = master.put(body, queueId)
      const { queueOffset } = master.store.lastAppend
      const masterEpoch = master.replication.epochs.lastEpoch
      this.#sent.push({ id, body, queueId, masterId: master.id, masterEpoch, endOffset, queueOffset, state: 'waiting' })
    }
    this.#note(`${master.id} gets ${count} messages, the last is ${this.#sent.length - 1}`)
  }

  /** Answers what its master may acknowledge. */
  #collect(): void {
    for (const sent of this.#sent) {
      if (sent.state !== 'waiting') continue
      const host = this.#hostOf(sent.masterId)
      const isStillMaster =
        host.isRunning && host.replication.role === 'master' && host.replication.epochs.lastEpoch >= sent.masterEpoch
      if (!isStillMaster || host.store.writtenOffset < sent.endOffset) {
        if (!isStillMaster) sent.state = 'unknown'
        continue
      }
      if (ackedOffset(host.replication) < sent.endOffset) continue
      sent.state = 'acked'
      this.acked++
    }
    for (const host of this.#running) this.#look(host)
  }

  /** Whoever can be read shows the same message at the same place, for ever. */
  #look(host: ReplicaHost): void {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const queue = host.store.findQueue('TopicTest', queueId)
      const known = this.#shown[queueId]!
      if (queue === undefined) continue
      const messages = host.shown(queueId)
      if (messages.length !== queue.maxOffset)
        throw new Error(
          `broker ${host.id} shows ${messages.length} messages of queue ${queueId}, offsets ${queue.minOffset} to ${queue.maxOffset}`,
        )
      messages.forEach((message, offset) => {
        const body = message.body.toString()
        if (message.queueOffset !== offset)
          throw new Error(`broker ${host.id}: ${queueId}:${offset} says ${message.queueOffset}`)
        known[offset] ??= body
        if (known[offset] === body) return
        const [was, is] = [known[offset].split(':')[0], body.split(':')[0]]
        throw new Error(`broker ${host.id} shows message ${is} at ${queueId}:${offset}, where ${was} was shown`)
      })
    }
  }

  async #rounds(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#world.round()
  }

  #syncSome(): void {
    for (const host of this.#running) if (this.#random.below(3) > 0) host.disk.completeSyncs()
  }

  async #passTime(): Promise<void> {
    const ms = 100 * (1 + this.#random.below(this.#random.below(4) === 0 ? 25 : 4))
    for (let left = ms; left > 0; left -= 100) {
      this.#world.clock.advance(100)
      for (const host of this.#running) host.tick()
      await this.#rounds(2)
    }
    this.#takeWishes()
  }

  #takeWishes(): void {
    for (const host of this.#running) {
      const { wanted, replication } = host
      host.wanted = undefined
      if (wanted === undefined || replication.role !== 'master') continue
      const setEpoch = this.#toldSetEpoch.get(host) ?? 0
      this.#asks.push({ masterId: host.id, masterEpoch: replication.epochs.lastEpoch, setEpoch, wanted })
      this.#note(`${host.id} wants {${[...wanted]}} instead of set ${setEpoch}`)
    }
  }

  readonly #toldSetEpoch = new WeakMap<ReplicaHost, number>()

  /** A wish arrives, perhaps long after it was sent, and its answer may be lost; or a dead master is replaced. */
  #controllersAct(): void {
    this.#takeWishes()
    const at = this.#random.below(Math.max(this.#asks.length, 1))
    const ask = this.#asks.splice(at, 1)[0]
    if (ask !== undefined && this.#random.below(8) > 0) this.#alter(ask)
    const master = this.#group.masterId === undefined ? undefined : this.#hostOf(this.#group.masterId)
    // Sometimes one that lives is taken for dead.
    if (master === undefined || !master.isRunning || this.#random.below(12) === 0) this.#elect()
  }

  #alter(ask: Ask): void {
    const group = this.#group
    const host = this.#hostOf(ask.masterId)
    const isHeard = this.#random.below(4) > 0
    const isGranted =
      ask.masterId === group.masterId && ask.masterEpoch === group.masterEpoch && ask.setEpoch === group.setEpoch
    const isAlive = [...ask.wanted].every((id) => this.#hostOf(id).isRunning)
    if (isGranted && isAlive && !isSame(ask.wanted, group.set)) {
      group.set = ask.wanted
      group.setEpoch++
      this.#note(`controllers: set {${[...group.set]}} is ${group.setEpoch}${isHeard ? '' : ', the answer is lost'}`)
      if (isHeard) this.#tell(host)
      return
    }
    // For good only because of who is in it, or because it is the set already; and when no earlier wish is on its way.
    if (!isGranted || !isHeard || this.#asks.some((other) => other.masterId === ask.masterId)) return
    this.#note(`controllers: refuse {${[...ask.wanted]}} to ${ask.masterId}`)
    if (host.isRunning && host.replication.role === 'master') host.replication.syncStateSetRefused(group.setEpoch)
  }

  /** From the set, who has the longest log; the first of all when there was never a master. */
  #elect(): void {
    const group = this.#group
    const isFirst = group.masterEpoch === 0
    const able = this.#running.filter(({ id }) => id !== group.masterId && (isFirst || group.set.has(id)))
    const own = group.masterId === undefined ? undefined : this.#hostOf(group.masterId)
    // A process that lives again is elected anew if it is all there is.
    if (able.length === 0 && own?.isRunning && group.set.has(own.id)) able.push(own)
    const progress = ({ replication, store }: ReplicaHost) =>
      [replication.epochs.lastEpoch, store.writtenOffset] as const
    able.sort((a, b) => progress(b)[0] - progress(a)[0] || progress(b)[1] - progress(a)[1])
    const elected = able[0]
    if (elected === undefined) return
    group.masterId = elected.id
    group.masterEpoch++
    group.set = new Set([elected.id])
    group.setEpoch++
    this.elections++
    this.#note(
      `controllers: ${elected.id} is master, epoch ${group.masterEpoch}, log ends at ${elected.store.writtenOffset}`,
    )
    if (this.#random.below(4) > 0) this.#tell(elected)
  }

  #tellSomebody(): void {
    const host = this.#pick(this.#running)
    if (host !== undefined) this.#tell(host)
  }

  /** The state as it is: brokers that miss it hear of it later. */
  #tell(host: ReplicaHost): void {
    const { masterId, masterEpoch, set, setEpoch } = this.#group
    if (masterId === undefined || !host.isRunning) return
    const { replication } = host
    this.#takeWishes()
    host.commit()
    try {
      if (masterId !== host.id) {
        const before = host.store.writtenOffset
        replication.changeToSlave({
          brokerId: masterId,
          haAddress: this.#hostOf(masterId).haAddress,
          epoch: masterEpoch,
        })
        if (host.store.writtenOffset < before) this.cuts++
      } else if (replication.role !== 'master' || replication.epochs.lastEpoch !== masterEpoch) {
        this.#note(`${host.id} is told to be master of epoch ${masterEpoch}`)
        replication.changeToMaster(masterEpoch, set, setEpoch)
        this.#toldSetEpoch.set(host, setEpoch)
      } else {
        replication.setSyncStateSet(set, setEpoch)
        this.#toldSetEpoch.set(host, setEpoch)
      }
    } catch (error) {
      if (!String(error).includes('has begun already')) throw error
      // The process that was elected is not the one that lives.
      this.#note(`${host.id} asks for another election`)
      this.#elect()
    }
  }

  async #crashSomebody(): Promise<void> {
    const host = this.#pick(this.#running)
    if (host === undefined) return
    const isOrderly = this.#random.below(4) === 0
    // With ASYNC_FLUSH a power cut takes what was acknowledged: what remains to be seen is that nothing else goes wrong.
    const kind = this.#isSyncFlush ? CRASHES[this.#random.below(CRASHES.length)]! : 'process'
    this.#note(isOrderly ? `${host.id} stops` : `${host.id} dies: ${kind}`)
    if (isOrderly) host.stop()
    else host.crash(kind)
    await this.#rounds(2)
  }

  async #startSomebody(): Promise<void> {
    const host = this.#pick(this.#hosts.filter(({ isRunning }) => !isRunning))
    if (host === undefined) return
    await host.start()
    this.#note(`${host.id} starts: log ends at ${host.store.writtenOffset}, epochs ${host.replication.epochs}`)
    if (this.#random.below(2) === 0) this.#tell(host)
  }

  /** Every member of the set holds what was acknowledged and shown. */
  #check(): void {
    for (const id of this.#group.set) {
      const host = this.#hostOf(id)
      if (!host.isRunning) continue
      for (const sent of this.#sent) {
        if (sent.state !== 'acked') continue
        if (host.store.writtenOffset >= sent.endOffset && this.#isAt(host, sent)) continue
        throw new Error(
          `message ${sent.id} was acknowledged by ${sent.masterId}, and ${id}, a member of the set, lacks it`,
        )
      }
    }
  }

  #isAt(host: ReplicaHost, sent: Sent): boolean {
    const record = host.store.recordAt(sent.endOffset - recordBytes(sent.body))
    if (record === undefined) return false
    return Buffer.from(record.bytes.buffer, record.bytes.byteOffset + record.start, record.length).includes(sent.body)
  }

  /** Without faults, and whoever is dead stays so. */
  async #calmDown(): Promise<void> {
    for (let i = 0; i < 40; i++) {
      for (const host of this.#running) this.#tell(host)
      for (let n = 0; n < 5; n++) {
        this.#world.clock.advance(100)
        for (const host of this.#running) {
          host.tick()
          host.disk.completeSyncs()
        }
        await this.#rounds(4)
      }
      this.#takeWishes()
      for (const ask of this.#asks.splice(0)) this.#alter(ask)
      this.#collect()
      this.#check()
    }
  }

  /** Those that are there do without those that are not. */
  #checkConfirmed(): void {
    const master = this.#group.masterId === undefined ? undefined : this.#hostOf(this.#group.masterId)
    if (!master?.isRunning || master.replication.role !== 'master') return
    const { confirmOffset, writtenOffset } = master.store
    if (confirmOffset === writtenOffset) return
    throw new Error(`${master.id} does not confirm all without faults: ${confirmOffset}/${writtenOffset}`)
  }

  /** Faults end: within a bounded time all have the same log, and it holds what was acknowledged. */
  async #comeToRest(): Promise<void> {
    this.#note('faults end')
    this.#asks = []
    await this.#calmDown()
    this.#checkConfirmed()
    this.#note('all start')
    for (const host of this.#hosts) if (!host.isRunning) await host.start()
    if (this.#group.masterId === undefined) this.#elect()
    await this.#calmDown()
    const master = this.#hostOf(this.#group.masterId!)
    const state = this.#hosts.map(
      ({ id, store, replication }) => `${id}: ${store.confirmOffset}/${store.writtenOffset} ${replication.epochs}`,
    )
    for (const host of this.#hosts) {
      if (!host.logBytes().equals(master.logBytes())) throw new Error(`the logs differ at rest: ${state.join('; ')}`)
      if (host.store.confirmOffset !== master.store.writtenOffset)
        throw new Error(`not all is confirmed at rest: ${state.join('; ')}`)
    }
    if (this.#group.set.size !== 3) throw new Error(`the set is {${[...this.#group.set]}} at rest; ${state.join('; ')}`)
    const bodies = new Set(this.#shown.flat())
    for (const sent of this.#sent) {
      if (sent.state === 'acked' && !bodies.has(sent.body))
        throw new Error(`message ${sent.id} was acknowledged and is not shown`)
    }
  }
}

/** Of a message to TopicTest as {@link ReplicaHost.put} makes it. */
function recordBytes(body: string): number {
  return 91 + 'TopicTest'.length + body.length + `KEYS\x01${body.split(':')[0]}\x02`.length
}
