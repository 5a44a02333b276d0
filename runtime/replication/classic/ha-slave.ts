import { setInt64, viewOf } from '../../codec/bytes.ts'
import type { NetContext } from '../../net/net-context.ts'
import { MasterConnection, type SlaveSession } from '../link/master-connection.ts'
import type { ReplicatedLog } from '../replicated-log.ts'
import type { ReplicationOptions } from './replication-options.ts'
import { REPORT_BYTES } from './transfer-frame.ts'
import { TransferReceiver } from './transfer-receiver.ts'

export type HaSlaveState = 'ready' | 'transfer' | 'shutdown'

/** Follows a master's commit log (official: DefaultHAClient). Reconnects for ever; what it lacks is sent again. */
export class HaSlave {
  readonly #context: NetContext
  readonly #log: ReplicatedLog
  readonly #connection: MasterConnection
  #reportedOffset = -1

  constructor(context: NetContext, log: ReplicatedLog, options: ReplicationOptions) {
    this.#context = context
    this.#log = log
    this.#connection = new MasterConnection(context, options, () => this.#session())
    context.turn.onEnd(() => this.#reportProgress())
  }

  get masterText(): string {
    return this.#connection.masterText
  }

  get state(): HaSlaveState {
    if (this.#connection.isStopped) return 'shutdown'
    return this.#connection.isConnecting ? 'transfer' : 'ready'
  }

  get lastReadTimestamp(): number {
    return this.#connection.lastReadTimestamp
  }

  get lastWriteTimestamp(): number {
    return this.#connection.lastWriteTimestamp
  }

  get transferredBytesPerSecond(): number {
    return this.#connection.rate.perSecond
  }

  start(): void {
    this.#connection.start()
  }

  stop(): void {
    this.#connection.stop()
  }

  /** Follows the master's HA address as the NameServers tell it; '' when there is none. */
  setMaster(haAddress: string): void {
    this.#connection.setMaster(haAddress)
  }

  #session(): SlaveSession {
    const receiver = new TransferReceiver(this.#log)
    return {
      opened: () => {
        const { writtenOffset } = this.#log
        this.#context.logger.info({ master: this.masterText, offset: writtenOffset }, 'following master')
        this.#report(writtenOffset)
      },
      frameSize: (view, at, available) => receiver.frameSize(view, at, available),
      take: (bytes, view, at, sizeBytes) => receiver.take(bytes, view, at, sizeBytes),
      sayAlive: () => this.#report(this.#log.writtenOffset),
    }
  }

  #reportProgress(): void {
    if (this.#connection.isOpen && this.#log.writtenOffset > this.#reportedOffset) this.#report(this.#log.writtenOffset)
  }

  #report(offset: number): void {
    const bytes = Buffer.allocUnsafe(REPORT_BYTES)
    setInt64(viewOf(bytes), 0, offset)
    this.#connection.send(bytes)
    this.#reportedOffset = offset
  }
}
