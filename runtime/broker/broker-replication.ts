import { encodeJson } from '../codec/json/write-json.ts'
import type { Response } from '../codec/remoting/remoting-command.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../codec/remoting/response-code.ts'
import type { BrokerConf } from '../config/broker-conf.ts'
import type { NetContext } from '../net/net-context.ts'
import type { RemotingClient } from '../net/remoting-client.ts'
import { HaMaster } from '../replication/classic/ha-master.ts'
import { HaSlave } from '../replication/classic/ha-slave.ts'
import { masterStatus, slaveStatus } from '../replication/ha-status.ts'
import { type MetadataSource, MetadataSync } from '../replication/metadata-sync.ts'
import type { ReplicatedLog, SlaveProgress } from '../replication/replicated-log.ts'
import type { Current } from './metadata/current.ts'
import type { KnownMaster } from './registration/registration.ts'
import type { MasterInfo, MinBrokerIdChange } from './replica-group/replica-handlers.ts'
import type { Replication } from './replication.ts'

/** Official: 10 s. */
const METADATA_SYNC_PERIOD_MS = 3_000
const MASTER_ID = 0
const NO_MASTER: KnownMaster = { masterAddr: '', haServerAddr: '' }
/** As official slaves wait for EXCHANGE_BROKER_HA_INFO. */
const MASTER_INFO_TIMEOUT_MS = 3_000
/** A master that told of itself and has not registered after this has died again. */
const MASTER_COMES_MS = 10_000

/** The log, and what a slave keeps with it of its master. */
export interface BrokerLog extends ReplicatedLog {
  /** End of the master's log when it started; 0 when that is not known. Set: kept in the checkpoint. */
  masterFlushedOffset: number
}

/** The broker's side of classic replication: serves slaves when it is a master, follows one when it is a slave. */
export class BrokerReplication implements Replication {
  readonly #conf: Current<BrokerConf>
  readonly #context: NetContext
  readonly #log: BrokerLog
  readonly #client: RemotingClient
  readonly #onMasterBack: () => void
  readonly #master: HaMaster | undefined
  readonly #slave: HaSlave | undefined
  readonly #sync: MetadataSync | undefined
  #known: KnownMaster = NO_MASTER
  #minBrokerId = -1
  #minBrokerAddr: string | undefined
  #isActing = false
  /** A master that is about to come back has told of itself: until then nothing is done in its place. */
  #masterComesUntilMs = Number.NEGATIVE_INFINITY

  /** `onMasterBack`: consumers that wait at this slave are to go back to the master. */
  constructor(
    conf: Current<BrokerConf>,
    context: NetContext,
    log: BrokerLog,
    client: RemotingClient,
    sources: readonly MetadataSource[],
    onMasterBack: () => void,
  ) {
    this.#conf = conf
    this.#context = context
    this.#log = log
    this.#client = client
    this.#onMasterBack = onMasterBack
    if (conf.current.brokerRole !== 'SLAVE') {
      this.#master = new HaMaster(context, log, conf.current)
      return
    }
    this.#slave = new HaSlave(context, log, conf.current)
    this.#sync = new MetadataSync(context.clock, client, context.logger, sources)
  }

  /** What acknowledgements may wait for; undefined on a slave. */
  get slaves(): SlaveProgress | undefined {
    return this.#master
  }

  /** Slaves: whether the master has been heard of lately. */
  get isMasterUp(): boolean {
    return this.#slave === undefined || (!this.#isActing && this.#hearsMaster)
  }

  get #hearsMaster(): boolean {
    if (this.#slave === undefined) return false
    const silentMs = this.#context.clock.now() - this.#slave.lastReadTimestamp
    return this.#slave.state === 'transfer' && silentMs < 2 * this.#conf.current.haSendHeartbeatInterval
  }

  /** Slaves with enableSlaveActingMaster: the master is gone, and of those that are there this one has the smallest id. */
  get isActing(): boolean {
    return this.#isActing
  }

  /** Acting, and no master has said that it is about to come back: it takes over what was delivered until then. */
  get deliversForMaster(): boolean {
    return this.#isActing && this.#context.clock.monotonic() >= this.#masterComesUntilMs
  }

  /** Masters: slaves that are connected and have said how far they are. */
  get slaveCount(): number {
    return [...(this.#master?.links ?? [])].filter(({ ackOffset }) => ackOffset >= 0).length
  }

  async start(): Promise<void> {
    const { bindAddress, haListenPort, haMasterAddress } = this.#conf.current
    await this.#master?.listen({ host: bindAddress, port: haListenPort })
    this.#slave?.start()
    if (haMasterAddress) this.#slave?.setMaster(haMasterAddress)
    this.#sync?.start(METADATA_SYNC_PERIOD_MS)
  }

  /** What the name servers say of the group's master. An address in the configuration wins. */
  follow(master: KnownMaster): void {
    if (this.#slave === undefined) return
    const { masterAddr, haServerAddr } = master
    this.#known = master
    if (!this.#conf.current.haMasterAddress) this.#slave.setMaster(haServerAddr)
    this.#sync?.setMaster(masterAddr)
    if (masterAddr !== '' && this.#lacksFlushOffset) void this.askMaster(masterAddr)
  }

  /** A name server saw a broker of the group come or go. Means something to slaves with enableSlaveActingMaster only. */
  groupChanged({ minBrokerId, minBrokerAddr, offlineBrokerAddr, haBrokerAddr }: MinBrokerIdChange): void {
    if (this.#slave === undefined || !this.#conf.current.enableSlaveActingMaster) return
    if (minBrokerId === this.#minBrokerId) return
    this.#context.logger.info({ minBrokerId, minBrokerAddr, offlineBrokerAddr }, 'members of the broker group changed')
    this.#minBrokerId = minBrokerId
    this.#minBrokerAddr = minBrokerAddr
    if (offlineBrokerAddr !== undefined && offlineBrokerAddr === this.#known.masterAddr && !this.#hearsMaster) {
      // Following starts again when the master is back, at once, instead of at the end of a connection time-out.
      this.follow(NO_MASTER)
    }
    this.#act()
    if (minBrokerId !== MASTER_ID || minBrokerAddr === undefined) return
    if (haBrokerAddr === undefined) void this.askMaster(minBrokerAddr)
    else this.follow({ masterAddr: minBrokerAddr, haServerAddr: haBrokerAddr })
    this.#onMasterBack()
  }

  /** What a name server says of the group, asked now and then; nothing is known of a group that does not name anybody. */
  membersKnown(members: ReadonlyMap<number, string>): void {
    if (members.size === 0) return
    const minBrokerId = Math.min(...members.keys())
    const offlineBrokerAddr = minBrokerId > this.#minBrokerId ? this.#minBrokerAddr : undefined
    const minBrokerAddr = members.get(minBrokerId)
    this.groupChanged({ minBrokerId, minBrokerAddr, offlineBrokerAddr, haBrokerAddr: undefined })
    this.#act()
  }

  /**
   * A slave that still hears its master does not act for it, whatever the name servers say: one of them may have been
   * started just now, or be cut off from the master.
   */
  #act(): void {
    const { brokerId } = this.#conf.current
    const isActing = this.#minBrokerId === brokerId && (this.#isActing || !this.#hearsMaster)
    if (isActing === this.#isActing) return
    this.#isActing = isActing
    this.#masterComesUntilMs = Number.NEGATIVE_INFINITY
    if (isActing) this.follow(NO_MASTER)
    this.#context.logger.info({ brokerId }, isActing ? 'acts as master of its group' : 'acts as master no longer')
  }

  /** What a master tells of itself (EXCHANGE_BROKER_HA_INFO). */
  get masterAddress(): string | undefined {
    return this.#known.masterAddr || undefined
  }

  learn({ masterAddr, haServerAddr, flushOffset }: MasterInfo): void {
    if (this.#lacksFlushOffset && flushOffset !== undefined && flushOffset > 0)
      this.#log.masterFlushedOffset = flushOffset
    const before = this.#known
    if (this.#isActing) {
      // It takes over what is recorded here before it registers, so nothing of its older records is copied until then.
      this.#masterComesUntilMs = this.#context.clock.monotonic() + MASTER_COMES_MS
      this.#slave!.setMaster(haServerAddr)
      return
    }
    const master = { masterAddr: masterAddr ?? before.masterAddr, haServerAddr }
    if (master.masterAddr !== before.masterAddr || haServerAddr !== before.haServerAddr) this.follow(master)
  }

  /** After a batch was written: slaves get it in this turn. */
  pushAll(): void {
    this.#master?.pushAll()
  }

  /**
   * Masters: waits until slaves have all that is written, `limitMs` at most. Who stops a master may go on with one of its
   * slaves for good.
   */
  async levelSlaves(limitMs: number): Promise<void> {
    const master = this.#master
    if (master === undefined || master.behind.length === 0) return
    await new Promise<void>((resolve) => {
      const limit = this.#context.clock.after(limitMs, resolve)
      master.onProgress(() => {
        if (master.behind.length > 0) return
        limit.cancel()
        resolve()
      })
    })
    for (const { remoteText, countedOffset } of master.behind) {
      const lacks = { slave: remoteText, bytes: this.#log.writtenOffset - countedOffset, waitedMs: limitMs }
      this.#context.logger.warn(lacks, 'stops although a slave lacks the end of the log')
    }
  }

  stop(): void {
    this.#sync?.stop()
    this.#slave?.stop()
    this.#master?.close()
  }

  /** GET_BROKER_HA_STATUS */
  status(): Response {
    const info =
      this.#slave === undefined
        ? masterStatus(this.#log, this.#master!, this.#conf.current.haMaxGapNotInSync)
        : slaveStatus(this.#log, this.#slave, this.#log.masterFlushedOffset)
    return { code: ResponseCode.SUCCESS, body: encodeJson({ ...info } as never) }
  }

  /** GET_BROKER_EPOCH_CACHE */
  epochs(): Response {
    return {
      code: ResponseCode.SYSTEM_ERROR,
      remark: 'this request only for controllerMode: enableControllerMode is false at this broker',
    }
  }

  get #lacksFlushOffset(): boolean {
    if (this.#slave === undefined || !this.#conf.current.syncMasterFlushOffsetWhenStartup) return false
    return this.#log.masterFlushedOffset === 0
  }

  /** Slaves, before they register: asks the master where it can be followed. Returns whether it answered. */
  async askMaster(address: string): Promise<boolean> {
    try {
      const request = { code: RequestCode.EXCHANGE_BROKER_HA_INFO }
      const { code, remark, fields } = await this.#client.invoke(address, request, MASTER_INFO_TIMEOUT_MS)
      if (code !== ResponseCode.SUCCESS) throw new Error(`${responseCodeName(code)} ${remark ?? ''}`)
      const { masterHaAddress, masterAddress, masterFlushOffset } = fields
      if (!masterHaAddress) throw new Error('it says that it is no master')
      const flushOffset = Number(masterFlushOffset)
      const isOffset = Number.isSafeInteger(flushOffset)
      this.learn({
        masterAddr: masterAddress || address,
        haServerAddr: masterHaAddress,
        flushOffset: isOffset ? flushOffset : undefined,
      })
      return true
    } catch (error) {
      this.#context.logger.warn({ master: address, problem: String(error) }, 'the master does not tell about itself')
      return false
    }
  }
}
