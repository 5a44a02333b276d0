import { encodeJson } from '../../codec/json/write-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Disk } from '../../io/disk.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { javaDouble } from '../../store/store-statistics.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { TimerStats } from '../timer/timers.ts'

interface RuntimeInfoSettings {
  readonly storePathRootDir: string
  readonly startAcceptSendRequestTimeStamp: number
  readonly sendThreadPoolQueueCapacity: number
  readonly pullThreadPoolQueueCapacity: number
  readonly litePullThreadPoolQueueCapacity: number
  readonly queryThreadPoolQueueCapacity: number
  readonly ackThreadPoolQueueCapacity: number
  readonly endTransactionPoolQueueCapacity: number
}

export interface RuntimeInfoDeps {
  readonly settings: Current<RuntimeInfoSettings>
  readonly disk: Pick<Disk, 'space'>
  readonly stats: BrokerStats
  readonly store: Pick<
    MessageStore,
    'runtimeInfo' | 'earliestStoreTime' | 'writtenOffset' | 'flushedOffset' | 'dispatchedOffset'
  >
  /** Whether the master's own work (delayed messages, transactions) is done here. */
  readonly isActive: () => boolean
  /** Sends that wait for their flush or their replica. */
  readonly pendingSends: () => number
  /** `offset,maxOffset` per delay level, under the names `scheduleMessageOffset_<level>`. */
  readonly delayStats: () => ReadonlyMap<string, string>
  /** Undefined where timers are not served. */
  readonly timerStats: () => TimerStats | undefined
}

/** Without a transient store pool there is no limit to its buffers (`Integer.MAX_VALUE`). */
const NO_TRANSIENT_POOL = 0x7fffffff

/** GET_BROKER_RUNTIME_INFO: names and forms of values as exporter, dashboard and `brokerStatus` read them. */
export function registerRuntimeInfo(server: HandlerRegistry, deps: RuntimeInfoDeps): void {
  server.handle(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({
    code: ResponseCode.SUCCESS,
    body: encodeJson({ table: runtimeInfo(deps) }),
  }))
}

function runtimeInfo(deps: RuntimeInfoDeps): Map<string, string> {
  const { store } = deps
  const own: Record<string, string | number | boolean> = {
    ...deps.stats.dailyTotals(),
    brokerActive: deps.isActive(),
    brokerVersionDesc: 'V5_5_0',
    dispatchBehindBytes: store.writtenOffset - store.dispatchedOffset,
    // One thread: nothing ever waits for a lock of the commit log.
    pageCacheLockTimeMills: 0,
    earliestMessageTimeStamp: store.earliestStoreTime(),
    startAcceptSendRequestTimeStamp: deps.settings.current.startAcceptSendRequestTimeStamp,
    remainTransientStoreBufferNumbs: NO_TRANSIENT_POOL,
    remainHowManyDataToFlush: bytesText(store.writtenOffset - store.flushedOffset),
    commitLogDirCapacity: capacityText(deps),
    ...timerStats(deps.timerStats()),
    ...queueStats(deps),
  }
  const info = new Map([...store.runtimeInfo(), ...deps.delayStats()])
  for (const [name, value] of Object.entries(own)) info.set(name, String(value))
  return info
}

const NO_TIMERS: TimerStats = { behindMs: 0, unplaced: 0, waiting: 0, placedPerSecond: 0, deliveredPerSecond: 0 }

/** The names are always there, for the tools that read them all. */
function timerStats(stats = NO_TIMERS): Record<string, string | number> {
  return {
    timerReadBehind: Math.floor(stats.behindMs / 1000),
    timerOffsetBehind: stats.unplaced,
    timerCongestNum: stats.waiting,
    timerEnqueueTps: javaDouble(stats.placedPerSecond),
    timerDequeueTps: javaDouble(stats.deliveredPerSecond),
  }
}

/** There are no thread pools: requests are served in the turn they arrive in, so their queues are always empty. */
function queueStats({ settings: { current }, pendingSends }: RuntimeInfoDeps): Record<string, number> {
  return {
    sendThreadPoolQueueSize: pendingSends(),
    sendThreadPoolQueueCapacity: current.sendThreadPoolQueueCapacity,
    sendThreadPoolQueueHeadWaitTimeMills: 0,
    pullThreadPoolQueueSize: 0,
    pullThreadPoolQueueCapacity: current.pullThreadPoolQueueCapacity,
    pullThreadPoolQueueHeadWaitTimeMills: 0,
    litePullThreadPoolQueueSize: 0,
    litePullThreadPoolQueueCapacity: current.litePullThreadPoolQueueCapacity,
    litePullThreadPoolQueueHeadWaitTimeMills: 0,
    queryThreadPoolQueueSize: 0,
    queryThreadPoolQueueCapacity: current.queryThreadPoolQueueCapacity,
    queryThreadPoolQueueHeadWaitTimeMills: 0,
    ackThreadPoolQueueSize: 0,
    ackThreadPoolQueueCapacity: current.ackThreadPoolQueueCapacity,
    ackThreadPoolQueueHeadWaitTimeMills: 0,
    EndTransactionQueueSize: 0,
    EndTransactionThreadPoolQueueCapacity: current.endTransactionPoolQueueCapacity,
  }
}

function capacityText({ disk, settings }: RuntimeInfoDeps): string {
  const { totalBytes, freeBytes } = disk.space(settings.current.storePathRootDir)
  return `Total : ${bytesText(totalBytes)}, Free : ${bytesText(freeBytes)}.`
}

/** `12 B`, `3.5 KiB`: MixAll.humanReadableByteCount. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const exponent = Math.floor(Math.log2(bytes) / 10)
  return `${(bytes / 1024 ** exponent).toFixed(1)} ${'KMGTPE'[exponent - 1]}iB`
}
