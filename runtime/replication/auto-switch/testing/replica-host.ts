import { LoopNetwork } from '../../../../test/sim/loop-network.ts'
import { ManualClock } from '../../../../test/sim/manual-clock.ts'
import { MortalProcess } from '../../../../test/sim/mortal-process.ts'
import { type CrashKind, SimDisk, type SimDiskOptions } from '../../../../test/sim/sim-disk.ts'
import { decodeMessages, type MessageExt } from '../../../codec/message/message-ext.ts'
import { createNetContext, type NetContext } from '../../../net/net-context.ts'
import { silentLogger } from '../../../observe/logger.ts'
import { AppendStatus } from '../../../store/message-draft.ts'
import { MessageStore } from '../../../store/message-store.ts'
import { type StoreConfig, storeConfigDefaults } from '../../../store/store-options.ts'
import { draftOf } from '../../../store/testing/store-fixture.ts'
import type { LinkOptions } from '../../link/link-options.ts'
import type { AutoSwitchConfig } from '../auto-switch-log.ts'
import { AutoSwitchReplication } from '../auto-switch-replication.ts'

type HostConfig = StoreConfig & AutoSwitchConfig & LinkOptions

const ROOT = '/store'
const FIRST_PORT = 10_000
/** Rounds of deliveries until nothing moves any more, at most. */
const ROUNDS_MAX = 2000

const CONFIG: HostConfig = {
  ...storeConfigDefaults(ROOT),
  // Small files, so that a few messages fill them.
  mappedFileSizeCommitLog: 8192,
  mappedFileSizeConsumeQueue: 20 * 50,
  maxHashSlotNum: 100,
  maxIndexNum: 400,
  // Of such files many more than of usual ones may hold messages whose queues were never synced.
  enableControllerMode: true,
  storePathEpochFile: `${ROOT}/epochFileCheckpoint`,
  haSendHeartbeatInterval: 5000,
  haHousekeepingInterval: 20_000,
  haTransferBatchSize: 32 * 1024,
  haMaxTimeSlaveNotCatchup: 15_000,
  syncFromLastFile: false,
  asyncLearner: false,
}

/** Time and network of a group of replicas. */
export class ReplicaWorld {
  readonly clock = new ManualClock(1_700_000_000_000)
  readonly network = new LoopNetwork()

  /** One round of the network and of everybody's turns. Whether anything was delivered. */
  async round(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve))
    const isMoving = this.network.deliver()
    this.clock.finishTurn()
    return isMoving
  }

  /** Delivers everything until nothing moves any more. */
  async settle(): Promise<void> {
    for (let round = 0, quiet = 0; quiet < 3; round++) {
      if (round === ROUNDS_MAX) throw new Error('the network does not come to rest')
      quiet = (await this.round()) ? 0 : quiet + 1
    }
  }

  /** Lets time pass in steps of 100 ms, the pace of a broker's timer. */
  async advance(ms: number, hosts: readonly ReplicaHost[]): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.clock.advance(Math.min(left, 100))
      for (const host of hosts) host.tick()
      await this.settle()
    }
  }
}

/** One replica: a store on a simulated disk and its replication, in a process that can be killed. */
export class ReplicaHost {
  readonly id: number
  readonly disk: SimDisk
  readonly #world: ReplicaWorld
  readonly #config: HostConfig
  #process: MortalProcess
  context!: NetContext
  store!: MessageStore
  replication!: AutoSwitchReplication
  isRunning = false
  wanted: ReadonlySet<number> | undefined

  /** `disk`: what another host has left. */
  constructor(
    id: number,
    world: ReplicaWorld,
    config: Partial<HostConfig> = {},
    diskOptions: SimDiskOptions = {},
    disk: SimDisk = new SimDisk({ seed: id, ...diskOptions }),
  ) {
    this.id = id
    this.#world = world
    this.#config = { ...CONFIG, ...config }
    this.disk = disk
    this.#process = new MortalProcess(world.clock, world.network)
  }

  get port(): number {
    return FIRST_PORT + this.id
  }

  get haAddress(): string {
    return `127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    this.#process = new MortalProcess(this.#world.clock, this.#world.network)
    const { clock, network } = this.#process
    this.context = createNetContext(clock, network, silentLogger)
    this.store = MessageStore.open({
      config: this.#config,
      disk: this.disk,
      clock,
      reporter: { info: () => {}, warn: () => {}, error: () => {} },
      pid: this.id,
      physicalMemoryBytes: 2 ** 34,
    })
    this.context.turn.onEnd(() => this.commit())
    this.replication = new AutoSwitchReplication(this.context, this.disk, this.store, this.#config)
    this.replication.setBrokerId(this.id)
    this.wanted = undefined
    this.replication.onSyncStateSetWanted((wanted) => {
      this.wanted = wanted
    })
    await this.replication.start({ host: '127.0.0.1', port: this.port })
    this.isRunning = true
  }

  crash(kind: CrashKind): void {
    this.isRunning = false
    this.#process.kill()
    this.disk.crash(kind)
  }

  /** In order: what is written becomes durable. */
  stop(): void {
    this.isRunning = false
    this.replication.stop()
    this.#process.kill()
    this.store.close()
  }

  tick(): void {
    if (!this.isRunning) return
    this.commit()
    this.store.tick(this.context.clock.now())
  }

  /** Stages a message, which is written at the end of the turn. Returns where it ends. */
  put(body: string, queueId = 0): number {
    const properties = `KEYS\x01${body.split(':')[0]}\x02`
    const status = this.store.append(draftOf(this.store, { body, queueId, properties }))
    if (status !== AppendStatus.ok) throw new Error(`append status ${status}: ${this.store.refusal}`)
    this.context.turn.touch()
    return this.store.lastAppend.phyOffset + this.store.lastAppend.sizeBytes
  }

  /** What a consumer of the queue gets. */
  shown(queueId = 0): MessageExt[] {
    const queue = this.store.findQueue('TopicTest', queueId)
    const found: Buffer[] = []
    for (let at = queue?.minOffset ?? 0; at < (queue?.maxOffset ?? 0); at = this.store.lastPull.nextOffset) {
      const status = this.store.pull(queue, at, 32, 1 << 20, undefined, {
        take: (bytes, start, length) => {
          found.push(Buffer.from(bytes.subarray(start, start + length)))
        },
      })
      if (status !== 'FOUND') throw new Error(`broker ${this.id}: pull at ${at} of queue ${queueId}: ${status}`)
    }
    return decodeMessages(Buffer.concat(found))
  }

  bodies(queueId = 0): string[] {
    return this.shown(queueId).map(({ body }) => body.toString())
  }

  logBytes(): Buffer {
    const folder = this.#config.storePathCommitLog
    const files = this.disk.list(folder).map((name) => this.disk.readFile(`${folder}/${name}`))
    return Buffer.concat(files).subarray(0, this.store.writtenOffset - this.store.minOffset)
  }

  follow(master: ReplicaHost, epoch: number): void {
    this.replication.changeToSlave({ brokerId: master.id, haAddress: master.haAddress, epoch })
  }

  /** What a turn does at its end; before a change of roles, too. */
  commit(): void {
    this.store.commit()
    this.replication.pushAll()
  }
}
