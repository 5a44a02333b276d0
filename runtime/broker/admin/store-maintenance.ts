import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { BrokerConf } from '../../config/broker-conf.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { TopicTable } from '../topics/topic-table.ts'

export interface StoreMaintenanceDeps {
  /** Puts changed values in force. */
  readonly apply: (values: Pick<BrokerConf, 'dataReadAheadEnable'>) => void
  readonly logger: Logger
  readonly topics: TopicTable
  readonly store: Pick<MessageStore, 'deleteExpiredNow' | 'deleteTopic' | 'minOffset' | 'compaction'> & {
    readonly queues: Pick<MessageStore['queues'], 'removeExpired' | 'topics'>
  }
}

const MADV_NORMAL = 0
const MADV_RANDOM = 1

/** CLEAN_EXPIRED_CONSUMEQUEUE, CLEAN_UNUSED_TOPIC, DELETE_EXPIRED_COMMITLOG and SET_COMMITLOG_READ_MODE. */
export function registerStoreMaintenance(server: HandlerRegistry, deps: StoreMaintenanceDeps): void {
  const { logger, store, topics } = deps
  server.handle(RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE, () => {
    // Offsets of compaction topics go on where they were, though the commit log has none of their messages any more.
    const keepsQueues = (topic: string) => topics.isSystem(topic) || store.compaction.has(topic)
    const removed = store.queues.removeExpired(store.minOffset, keepsQueues)
    logger.info({ removed }, 'consume queues without messages removed on request')
    return { code: ResponseCode.SUCCESS }
  })
  server.handle(RequestCode.CLEAN_UNUSED_TOPIC, () => {
    const unused = store.queues.topics().filter((topic) => !topics.find(topic) && !topics.isSystem(topic))
    for (const topic of unused) store.deleteTopic(topic)
    logger.info({ topics: unused }, 'consume queues of topics that do not exist removed on request')
    return { code: ResponseCode.SUCCESS }
  })
  server.handle(RequestCode.DELETE_EXPIRED_COMMITLOG, () => {
    store.deleteExpiredNow()
    logger.info({}, 'expired commit log files are deleted on request')
    return { code: ResponseCode.SUCCESS }
  })
  server.handle(RequestCode.SET_COMMITLOG_READ_MODE, (request) => setReadMode(deps, request))
}

/**
 * Whether reads of old messages bring in what lies behind them. Apache RocketMQ advises the kernel of it for its memory maps;
 * this store reads without them, and reads less at once then.
 */
function setReadMode(deps: StoreMaintenanceDeps, request: CommandView): Response {
  const mode = request.integer('READ_AHEAD_MODE')
  if (mode === undefined) return { code: ResponseCode.SYSTEM_ERROR, remark: 'set commitlog readahead mode failed' }
  if (mode !== MADV_NORMAL && mode !== MADV_RANDOM) {
    return { code: ResponseCode.INVALID_PARAMETER, remark: 'set commitlog readahead mode param value error' }
  }
  deps.apply({ dataReadAheadEnable: mode === MADV_NORMAL })
  return { code: ResponseCode.SUCCESS, remark: `set commitlog readahead mode success, mode: ${mode}` }
}
