import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { wrongAddress } from '../../config/host-port.ts'
import { encodeTimerReport, NO_PROGRESS, type TimerReport } from '../../store/timer/timer-checkpoint.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'

/** NOTIFY_MIN_BROKER_ID_CHANGE: the smallest id of those brokers of the group that are there is another one now. */
export interface MinBrokerIdChange {
  readonly minBrokerId: number
  readonly minBrokerAddr: string | undefined
  /** The one that went. */
  readonly offlineBrokerAddr: string | undefined
  /** Replication address of the master, when that is who came. */
  readonly haBrokerAddr: string | undefined
}

/** What EXCHANGE_BROKER_HA_INFO tells of a master. */
export interface MasterInfo {
  readonly masterAddr: string | undefined
  readonly haServerAddr: string
  /** End of the master's log when it started. */
  readonly flushOffset: number | undefined
}

export interface ReplicaHandlerDeps {
  readonly settings: Current<{ readonly brokerId: number }>
  /** `brokerIP1:listenPort` */
  readonly brokerAddr: string
  /** `brokerIP2:haListenPort` */
  readonly haServerAddr: string
  readonly store: {
    readonly openedOffset: number
    masterFlushedOffset: number
  }
  readonly replication: {
    groupChanged(change: MinBrokerIdChange): void
    learn(master: MasterInfo): void
    status(): Response
    epochs(): Response
  }
  /** Undefined where timers are not served. */
  readonly timers: (() => TimerReport) | undefined
  readonly timerMetrics: () => Buffer
}

/** What the brokers of one group tell each other and ask of each other, and what tools ask about replication. */
export function registerReplicaHandlers(server: HandlerRegistry, deps: ReplicaHandlerDeps): void {
  const { replication } = deps
  server.handle(RequestCode.GET_BROKER_HA_STATUS, () => replication.status())
  server.handle(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, (request) => {
    replication.groupChanged({
      minBrokerId: request.requiredInteger('minBrokerId'),
      minBrokerAddr: address(request, 'minBrokerAddr'),
      offlineBrokerAddr: request.text('offlineBrokerAddr') || undefined,
      haBrokerAddr: address(request, 'haBrokerAddr'),
    })
    return { code: ResponseCode.SUCCESS }
  })
  server.handle(RequestCode.EXCHANGE_BROKER_HA_INFO, (request) => exchange(deps, request))
  server.handle(RequestCode.RESET_MASTER_FLUSH_OFFSET, (request) => resetFlushOffset(deps, request))
  server.handle(RequestCode.GET_BROKER_EPOCH_CACHE, () => replication.epochs())
  const { timers, timerMetrics } = deps
  server.handle(RequestCode.GET_TIMER_CHECK_POINT, () => ({
    code: ResponseCode.SUCCESS,
    body: encodeTimerReport(timers === undefined ? NO_TIMERS : timers()),
  }))
  server.handle(RequestCode.GET_TIMER_METRICS, () => {
    if (timers !== undefined) return { code: ResponseCode.SUCCESS, body: timerMetrics() }
    return { code: ResponseCode.SYSTEM_ERROR, remark: 'The timer message store is null: timerWheelEnable is false' }
  })
}

/**
 * An official master that comes back asks its slaves how far their timers came, and does not go online without an answer.
 * The version of this one is older than any other, so nothing is taken from it.
 */
const NO_TIMERS: TimerReport = { progress: NO_PROGRESS, logEnd: 0 }

/** With a master's address it tells a slave, without one it asks a master. */
function exchange(
  { settings, brokerAddr, haServerAddr, store, replication }: ReplicaHandlerDeps,
  request: CommandView,
) {
  const told = address(request, 'masterHaAddress')
  if (told !== undefined) {
    const masterAddr = address(request, 'masterAddress')
    replication.learn({ masterAddr, haServerAddr: told, flushOffset: offset(request) })
    return { code: ResponseCode.SUCCESS }
  }
  if (settings.current.brokerId !== 0) return { code: ResponseCode.SUCCESS }
  const fields = {
    masterHaAddress: haServerAddr,
    masterFlushOffset: store.openedOffset,
    masterAddress: brokerAddr,
  }
  return { code: ResponseCode.SUCCESS, fields }
}

/** Slaves only; a master has no master. */
function resetFlushOffset({ settings, store }: ReplicaHandlerDeps, request: CommandView): Response {
  const wanted = offset(request)
  if (settings.current.brokerId !== 0 && wanted !== undefined) store.masterFlushedOffset = wanted
  return { code: ResponseCode.SUCCESS }
}

function offset(request: CommandView): number | undefined {
  const wanted = request.integer('masterFlushOffset')
  if (wanted === undefined || wanted >= 0) return wanted
  throw new RequestError(ResponseCode.SYSTEM_ERROR, `masterFlushOffset is ${wanted}, expected 0 or more`)
}

function address(request: CommandView, name: string): string | undefined {
  const text = request.text(name) || undefined
  if (text !== undefined && wrongAddress([text]) !== undefined) {
    throw new RequestError(ResponseCode.SYSTEM_ERROR, `${name} is "${text}", expected host:port`)
  }
  return text
}
