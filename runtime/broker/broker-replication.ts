import { encodeJson } from '../codec/json/write-json.ts'
import type { Response } from '../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
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

/** Official: 10 s. */
const METADATA_SYNC_PERIOD_MS = 3_000

/** The broker's side of classic replication: serves slaves when it is a master, follows one when it is a slave. */
export class BrokerReplication {
  readonly #conf: Current<BrokerConf>
  readonly #context: NetContext
  readonly #log: ReplicatedLog
  readonly #master: HaMaster | undefined
  readonly #slave: HaSlave | undefined
  readonly #sync: MetadataSync | undefined

  constructor(
    conf: Current<BrokerConf>,
    context: NetContext,
    log: ReplicatedLog,
    client: RemotingClient,
    sources: readonly MetadataSource[],
  ) {
    this.#conf = conf
    this.#context = context
    this.#log = log
    if (conf.current.brokerRole !== 'SLAVE') {
      this.#master = new HaMaster(context, log, conf.current)
      return
    }
    this.#slave = new HaSlave(context, log, conf.current)
    this.#sync = new MetadataSync(context.clock, client, context.logger, sources)
  }

  /** Undefined on a slave. */
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
  follow({ masterAddr, haServerAddr }: KnownMaster): void {
    if (this.#slave === undefined) return
    if (!this.#conf.current.haMasterAddress) this.#slave.setMaster(haServerAddr)
    this.#sync?.setMaster(masterAddr)
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
        : slaveStatus(this.#log, this.#slave, 0)
    return { code: ResponseCode.SUCCESS, body: encodeJson({ ...info } as never) }
  }
}
