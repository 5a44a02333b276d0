import type { BrokerConf } from '../../config/broker-conf.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { TimerStore } from '../../store/timer/timer-store.ts'
import { type BrokerEnvironment, storeReporter } from '../broker-environment.ts'
import type { BrokerTables } from '../broker-tables.ts'
import type { Current } from '../metadata/current.ts'
import type { SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { TIMER_TOPIC } from '../topics/topic-name.ts'
import { ActingTimers, type ActingTimersParts } from './acting-timers.ts'
import { DoubtfulTimers } from './doubtful-timers.ts'
import { TimerDelivery } from './timer-delivery.ts'
import { TIMER_QUEUE } from './timer-entrance.ts'
import type { TimerMessage } from './timer-message.ts'
import { Timers } from './timers.ts'

export interface MakeTimersParts {
  readonly store: MessageStore
  readonly gate: StoreGate
  readonly targets: SendTargets
  readonly tables: BrokerTables
  readonly conf: Current<BrokerConf>
  readonly environment: BrokerEnvironment
  readonly commit: () => void
}

/** What has to be known to deliver in the place of a master that is gone. */
type AbsentMaster = Pick<ActingTimersParts, 'put' | 'isActing'>

export interface MadeTimers {
  readonly timers: Timers
  readonly actFor: (master: AbsentMaster) => ActingTimers
}

/** Opens the timers' files. @throws Error naming file and remedy */
export function makeTimers({ store, gate, targets, tables, conf, environment, commit }: MakeTimersParts): MadeTimers {
  const { disk, clock, logger } = environment
  const { topics, timerMetrics: metrics } = tables
  const wallClock = (): number => clock.now()
  const { storePathRootDir, mappedFileSizeTimerLog, timerPrecisionMs, timerWheelSnapshotFlush } = conf.current
  const files = new TimerStore({
    disk,
    storePathRootDir,
    logFileBytes: mappedFileSizeTimerLog,
    precisionMs: timerPrecisionMs,
    hasSnapshots: timerWheelSnapshotFlush,
    reporter: storeReporter(logger),
    messages: store,
    queue: () => store.findQueue(TIMER_TOPIC, TIMER_QUEUE),
  })
  const doubts = new DoubtfulTimers(store)
  const namesTopicInDeletions = (): boolean => conf.current.appendTopicForTimerDeleteKey
  const delivery = new TimerDelivery({
    ...{ store, gate, topics, targets, doubts, namesTopicInDeletions, wallClock, logger },
  })
  const timers = new Timers({
    ...{ store, files, delivery, doubts, metrics, commit, logger },
    settings: () => conf.current,
    topicExists: (topic) => topics.find(topic) !== undefined,
    nowMs: clock.now(),
  })
  const actFor = (master: AbsentMaster): ActingTimers => {
    const deletionKey = (message: TimerMessage): string => delivery.deletionKey(message)
    const precisionMs = timerPrecisionMs
    return new ActingTimers({ ...{ store, timers, doubts, deletionKey, precisionMs, clock, logger }, ...master })
  }
  return { timers, actFor }
}
