import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { liteQueueName } from '../lite/lite-queue-name.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'

export interface QueryParts {
  readonly store: Pick<
    MessageStore,
    'queryByKey' | 'recordAt' | 'findQueue' | 'offsetByTime' | 'storeTimeAt' | 'minOffsetOf'
  >
  readonly settings: Current<QuerySettings>
}

interface QuerySettings {
  /** Messages a query by unique key may find. */
  readonly defaultQueryMaxNum: number
  /** Messages any query by key may find. */
  readonly maxMsgsNumBatch: number
}

/** Bytes of one answer to a query by key; what does not fit any more is left out. */
const QUERY_BYTES_MAX = 15 * 1024 * 1024
/** Key of the request field that says "the key is a unique key". */
const UNIQUE_KEY_FLAG = '_UNIQUE_KEY_QUERY'
const INDEX_OF_UNIQUE_KEYS = 'U'
const INDEX_OF_KEYS = 'K'

/** QUERY_MESSAGE, VIEW_MESSAGE_BY_ID and the questions about a queue's offsets (29 to 32). */
export function registerQueryHandlers(server: HandlerRegistry, parts: QueryParts): void {
  const { store } = parts
  server.handle(RequestCode.QUERY_MESSAGE, (request) => queryMessage(parts, request))
  server.handle(RequestCode.VIEW_MESSAGE_BY_ID, (request) => viewMessage(parts, request))
  server.handle(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, (request) => searchOffset(parts, request))
  server.handle(RequestCode.GET_MAX_OFFSET, (request) => offsetAnswer(queueOf(store, request)?.maxOffset ?? 0))
  server.handle(RequestCode.GET_MIN_OFFSET, (request) => minOffset(parts, request))
  server.handle(RequestCode.GET_EARLIEST_MSG_STORETIME, (request) => earliestStoreTime(parts, request))
}

/** By key or unique key, oldest first. Hashes may collide: clients compare the keys of what they get. */
function queryMessage({ store, settings }: QueryParts, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const key = request.requiredText('key')
  const asked = request.requiredInteger('maxNum')
  const beginMs = request.requiredInteger('beginTimestamp')
  const endMs = request.requiredInteger('endTimestamp')
  const isUnique = request.flagField(UNIQUE_KEY_FLAG) === true
  const indexType = isUnique ? INDEX_OF_UNIQUE_KEYS : request.text('indexType') || INDEX_OF_KEYS
  const { defaultQueryMaxNum, maxMsgsNumBatch } = settings.current
  const maxCount = Math.min(isUnique ? defaultQueryMaxNum : asked, maxMsgsNumBatch)
  const found = store.queryByKey(topic, key, maxCount, beginMs, endMs, indexType)
  const fields = {
    indexLastUpdatePhyoffset: found.lastUpdatePhyOffset,
    indexLastUpdateTimestamp: found.lastUpdateTimestampMs,
  }
  const records: Buffer[] = []
  let bytes = 0
  for (const phyOffset of [...found.phyOffsets].sort((a, b) => a - b)) {
    const record = copyRecord(store, phyOffset)
    if (record === undefined || bytes + record.length > QUERY_BYTES_MAX) continue
    records.push(record)
    bytes += record.length
  }
  if (records.length > 0) return { code: ResponseCode.SUCCESS, fields, body: Buffer.concat(records) }
  const remark = 'can not find message, maybe time range not correct'
  return { code: ResponseCode.QUERY_NOT_FOUND, remark, fields }
}

function viewMessage({ store }: QueryParts, request: CommandView): Response {
  const phyOffset = request.requiredInteger('offset')
  const record = phyOffset < 0 ? undefined : copyRecord(store, phyOffset)
  if (record !== undefined) return { code: ResponseCode.SUCCESS, body: record }
  return { code: ResponseCode.SYSTEM_ERROR, remark: `can not find message by the offset, ${phyOffset}` }
}

function searchOffset({ store }: QueryParts, request: CommandView): Response {
  const queue = queueOf(store, request)
  const timestampMs = request.requiredInteger('timestamp')
  const boundary = request.text('boundaryType')?.toLowerCase() === 'upper' ? 'upper' : 'lower'
  return offsetAnswer(queue === undefined ? 0 : store.offsetByTime(queue, timestampMs, boundary))
}

function minOffset({ store }: QueryParts, request: CommandView): Response {
  const queue = queueOf(store, request)
  return offsetAnswer(queue === undefined ? 0 : store.minOffsetOf(queue))
}

function earliestStoreTime({ store }: QueryParts, request: CommandView): Response {
  const queue = queueOf(store, request)
  const timestamp = queue === undefined ? -1 : store.storeTimeAt(queue, store.minOffsetOf(queue))
  return { code: ResponseCode.SUCCESS, fields: { timestamp } }
}

/** Of the topic, or of the lite topic of it that is named besides. */
function queueOf(store: QueryParts['store'], request: CommandView): ConsumeQueue | undefined {
  const parent = request.requiredText('topic')
  const lite = request.text('liteTopic')?.trim()
  const topic = lite ? liteQueueName(parent, lite) : parent
  const queueId = request.requiredInteger('queueId')
  if (queueId < 0) throw new RequestError(ResponseCode.INVALID_PARAMETER, `queueId[${queueId}] is illegal`)
  return store.findQueue(topic, queueId)
}

function offsetAnswer(offset: number): Response {
  return { code: ResponseCode.SUCCESS, fields: { offset } }
}

function copyRecord(store: QueryParts['store'], phyOffset: number): Buffer | undefined {
  const found = store.recordAt(phyOffset)
  return found && Buffer.from(found.bytes.subarray(found.start, found.start + found.length))
}
