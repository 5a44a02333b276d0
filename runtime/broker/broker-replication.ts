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
    if (this.#slave === undefined) return true
    const silentMs = this.#context.clock.now() - this.#slave.lastReadTimestamp
    return this.#slave.state === 'transfer' && silentMs < 2 * this.#conf.current.haSendHeartbeatInterval
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
    if (masterAddr !== '' && this.#lacksFlushOffset) void this.#askMaster(masterAddr)
  }

  /** A name server saw a broker of the group come or go. Means something to slaves with enableSlaveActingMaster only. */
  groupChanged({ minBrokerId, minBrokerAddr, offlineBrokerAddr, haBrokerAddr }: MinBrokerIdChange): void {
    if (this.#slave === undefined || !this.#conf.current.enableSlaveActingMaster) return
    if (minBrokerId === this.#minBrokerId) return
    this.#context.logger.info({ minBrokerId, minBrokerAddr, offlineBrokerAddr }, 'members of the broker group changed')
    this.#minBrokerId = minBrokerId
    if (offlineBrokerAddr !== undefined && offlineBrokerAddr === this.#known.masterAddr) {
      // Following starts again when the master is back, at once, instead of at the end of a connection time-out.
      this.follow(NO_MASTER)
    }
    if (minBrokerId !== MASTER_ID || minBrokerAddr === undefined) return
    if (haBrokerAddr === undefined) void this.#askMaster(minBrokerAddr)
    else this.follow({ masterAddr: minBrokerAddr, haServerAddr: haBrokerAddr })
    this.#onMasterBack()
  }

  /** What a master tells of itself (EXCHANGE_BROKER_HA_INFO). */
  learn({ masterAddr, haServerAddr, flushOffset }: MasterInfo): void {
    if (this.#lacksFlushOffset && flushOffset !== undefined && flushOffset > 0)
      this.#log.masterFlushedOffset = flushOffset
    const before = this.#known
    const master = { masterAddr: masterAddr ?? before.masterAddr, haServerAddr }
    if (master.masterAddr !== before.masterAddr || haServerAddr !== before.haServerAddr) this.follow(master)
  }

  /** After a batch was written: slaves get it in this turn. */
  pushAll(): void {
    this.#master?.pushAll()
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

  async #askMaster(address: string): Promise<void> {
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
    } catch (error) {
      this.#context.logger.warn({ master: address, problem: String(error) }, 'the master does not tell about itself')
    }
  }
}
