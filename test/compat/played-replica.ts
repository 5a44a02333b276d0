import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { encodeHost } from '../../runtime/codec/message/host.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealDisk } from '../../runtime/io/real-disk.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext, type NetContext } from '../../runtime/net/net-context.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { AutoSwitchReplication } from '../../runtime/replication/auto-switch/auto-switch-replication.ts'
import { MessageDraft } from '../../runtime/store/message-draft.ts'
import { MessageStore } from '../../runtime/store/message-store.ts'
import { storeConfigDefaults } from '../../runtime/store/store-options.ts'
import type { ControllerGroup } from './controller-group.ts'
import { decodeFrame, encodeRequest, type Frame, splitFrames } from './remoting.ts'
import { freePortBlock } from './server.ts'

type Fields = Record<string, string>

const GROUP = { clusterName: 'CompatCluster', brokerName: 'broker-a' }

/** One connection that stays open: servers take its end for the death of who opened it. */
class Line {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (frame: Frame) => void>()
  #opaque = 0

  constructor(port: number) {
    let pending: Buffer = Buffer.alloc(0)
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('error', () => this.#socket.destroy())
    this.#socket.on('data', (chunk) => {
      const split = splitFrames(Buffer.concat([pending, chunk]))
      pending = split.rest
      for (const frame of split.frames.map(decodeFrame)) this.#waiting.get(frame.opaque)?.(frame)
    })
  }

  async ask(code: number, extFields: Fields, body = ''): Promise<Frame> {
    const opaque = ++this.#opaque
    const frame = await new Promise<Frame>((resolve, reject) => {
      setTimeout(() => reject(new Error(`no answer to ${code}`)), 10_000).unref()
      this.#waiting.set(opaque, resolve)
      this.#socket.write(encodeRequest({ code, opaque, extFields, body: Buffer.from(body) }))
    })
    if (frame.code !== 0) throw new Error(`request ${code} is answered ${frame.code}: ${frame.remark}`)
    return frame
  }

  close(): void {
    this.#socket.destroy()
  }
}

/**
 * Our store and our auto-switch replication, without a broker around them: the test says which role to take, and does what a
 * broker would have to say to controller and NameServer.
 */
export class PlayedReplica {
  readonly store: MessageStore
  readonly replication: AutoSwitchReplication
  readonly #context: NetContext
  readonly #group: ControllerGroup
  readonly #port: number
  readonly #controller: Line
  readonly #namesrv: Line
  readonly #timers: NodeJS.Timeout[] = []
  brokerId = 0

  private constructor(group: ControllerGroup, dir: string, port: number) {
    this.#group = group
    this.#port = port
    const clock = new RealClock()
    this.#context = createNetContext(clock, new RealNetwork(), silentLogger)
    const config = {
      ...storeConfigDefaults(dir),
      mappedFileSizeCommitLog: 65_536,
      enableControllerMode: true,
      storePathEpochFile: join(dir, 'epochFileCheckpoint'),
      haSendHeartbeatInterval: 1000,
      haHousekeepingInterval: 20_000,
      haTransferBatchSize: 32 * 1024,
      haMaxTimeSlaveNotCatchup: 15_000,
      syncFromLastFile: false,
      asyncLearner: false,
    }
    const disk = new RealDisk()
    const problem = (text: string, cause?: unknown) => console.log(`played replica: ${text}`, cause ?? '')
    const reporter = { info: () => {}, warn: problem, error: problem }
    this.store = MessageStore.open({ config, disk, clock, reporter, pid: process.pid, physicalMemoryBytes: 2 ** 33 })
    this.#context.turn.onEnd(() => this.commit())
    this.replication = new AutoSwitchReplication(this.#context, disk, this.store, config)
    this.replication.onSyncStateSetWanted((wanted) => void this.#alter(wanted))
    this.#controller = new Line(group.controller.port)
    this.#namesrv = new Line(group.namesrv.port)
  }

  static async open(group: ControllerGroup, dir: string): Promise<PlayedReplica> {
    const port = await freePortBlock()
    const replica = new PlayedReplica(group, dir, port)
    await replica.replication.start({ host: '127.0.0.1', port: port + 1 })
    replica.#timers.push(setInterval(() => replica.store.tick(Date.now()), 100))
    return replica
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Gets an id from the controller, or takes the one it had, and shows that it lives. */
  async register(brokerId = 0): Promise<void> {
    if (brokerId === 0) {
      const next = await this.#controller.ask(1012, GROUP)
      this.brokerId = Number(next.extFields['nextBrokerId'])
      const fields = { ...GROUP, appliedBrokerId: String(this.brokerId), registerCheckCode: `${this.address};1` }
      await this.#controller.ask(1013, fields)
    } else {
      this.brokerId = brokerId
    }
    this.replication.setBrokerId(this.brokerId)
    await this.#beat()
    const fields = { ...GROUP, brokerId: String(this.brokerId), brokerAddress: this.address, invokeTime: '0' }
    await this.#controller.ask(1003, fields)
    this.#timers.push(setInterval(() => void this.#beat().catch(() => {}), 500))
  }

  async #beat(): Promise<void> {
    await this.#controller.ask(904, {
      ...GROUP,
      brokerAddr: this.address,
      brokerId: String(this.brokerId),
      epoch: String(this.replication.epochs.lastEpoch),
      maxOffset: String(this.store.writtenOffset),
      confirmOffset: String(this.store.confirmOffset),
      heartbeatTimeoutMills: '10000',
      electionPriority: '2147483647',
    })
  }

  /** Takes the role of master that the controller gave it, and has clients and slaves told. */
  async becomeMaster(): Promise<void> {
    const { master, masterEpoch, set, setEpoch } = await this.#group.state()
    if (master !== this.address) throw new Error(`the master is ${master}`)
    this.commit()
    this.replication.changeToMaster(masterEpoch, new Set(set), setEpoch)
    await this.#announce()
    this.#timers.push(setInterval(() => void this.#announce().catch(() => {}), 5000))
  }

  async follow(haPort: number, masterId: number): Promise<void> {
    const { masterEpoch } = await this.#group.state()
    this.commit()
    this.replication.changeToSlave({ brokerId: masterId, haAddress: `127.0.0.1:${haPort}`, epoch: masterEpoch })
  }

  async #announce(): Promise<void> {
    const fields = { ...GROUP, brokerAddr: this.address, brokerId: '0', haServerAddr: `127.0.0.1:${this.#port + 1}` }
    const dataVersion = { counter: 1, stateVersion: this.replication.epochs.lastEpoch, timestamp: Date.now() }
    const body = { topicConfigSerializeWrapper: { dataVersion, topicConfigTable: {} }, filterServerList: [] }
    await this.#namesrv.ask(103, { ...fields, compressed: 'false', bodyCrc32: '0' }, JSON.stringify(body))
  }

  async #alter(wanted: ReadonlySet<number>): Promise<void> {
    const { masterEpoch, setEpoch } = await this.#group.state()
    const fields = {
      brokerName: GROUP.brokerName,
      masterBrokerId: String(this.brokerId),
      masterEpoch: String(masterEpoch),
      invokeTime: '1',
    }
    const body = JSON.stringify({ syncStateSet: [...wanted], syncStateSetEpoch: setEpoch })
    try {
      const answer = await this.#controller.ask(1001, fields, body)
      const agreed = JSON.parse(answer.body.toString()) as { syncStateSet: number[]; syncStateSetEpoch: number }
      this.replication.setSyncStateSet(new Set(agreed.syncStateSet), agreed.syncStateSetEpoch)
    } catch (error) {
      console.log(`played replica: {${[...wanted]}} is not agreed to: ${(error as Error).message}`)
    }
  }

  put(count: number, bodyBytes: number): void {
    for (let i = 0; i < count; i++) {
      const draft = new MessageDraft()
      draft.topicBytes = Buffer.from('HaTopic')
      draft.queueId = 0
      draft.queue = this.store.queue('HaTopic', 0)
      draft.bornTimestampMs = Date.now()
      draft.bornHost = encodeHost('127.0.0.1', 1)
      draft.storeHost = encodeHost('127.0.0.1', this.#port)
      draft.body.bytes = Buffer.alloc(bodyBytes, 65 + (i % 26))
      draft.body.length = bodyBytes
      this.store.append(draft)
      if (i % 20 === 19) this.commit()
    }
    this.commit()
  }

  commit(): void {
    this.store.commit()
    this.replication.pushAll()
  }

  /** As the end of its process: connections close. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.replication.stop()
    this.#controller.close()
    this.#namesrv.close()
    this.store.close()
  }
}
