import {
  asInteger,
  asObject,
  booleanField,
  integerField,
  JsonFieldError,
  listField,
  textField,
} from '../../codec/json/json-fields.ts'
import { JsonSyntaxError, parseJsonBytes } from '../../codec/json/parse-json.ts'

/*
 * Body of a check point (PopCheckPoint, tag `ck`), written when messages were popped:
 *
 *   {"bm":0,"bn":"broker-a","c":"group","d":[0,1],"it":60000,"n":2,"pt":1700000000000,"q":1,"ro":0,"so":7,"sp":false,"t":"T"}
 *
 * d: how far each message lies behind so, the start; n of them. bm and ro are only used in memory. rp: how often it was put
 * back because a message could not be read. sp: coming again does not count as a retry.
 */

export const CHECK_POINT_TAG = 'ck'

/** Messages that were popped together from one queue. */
export interface CheckPoint {
  readonly topic: string
  readonly group: string
  readonly queueId: number
  readonly startOffset: number
  readonly popTime: number
  readonly invisibleMs: number
  /** Queue offsets of the messages, less startOffset. */
  readonly diffs: readonly number[]
  readonly brokerName: string
  /** How often it was put back. */
  readonly putBackTimes: number
  readonly isSuspended: boolean
}

/** As the original names it: what acks and check point have in common. */
export function checkPointKey(
  topic: string,
  group: string,
  queueId: number,
  startOffset: number,
  popTime: number,
  brokerName: string,
): string {
  return `${topic}@${group}@${queueId}@${startOffset}@${popTime}@${brokerName}`
}

/** The UNIQ_KEY of its message. */
export function checkPointUniqueKey({ topic, queueId, startOffset, group, popTime, brokerName }: CheckPoint): string {
  return `${topic}@${queueId}@${startOffset}@${group}@${popTime}@${brokerName}@${CHECK_POINT_TAG}`
}

export function checkPointBody(point: CheckPoint): string {
  const { topic, group, queueId, startOffset, popTime, invisibleMs, diffs, brokerName, putBackTimes } = point
  const again = putBackTimes > 0 ? `"rp":"${putBackTimes}",` : ''
  return (
    `{"bm":0,"bn":${JSON.stringify(brokerName)},"c":${JSON.stringify(group)},"d":[${diffs.join(',')}],` +
    `"it":${invisibleMs},"n":${diffs.length},"pt":${popTime},"q":${queueId},"reviveTime":${popTime + invisibleMs},` +
    `"ro":0,${again}"so":${startOffset},"sp":${point.isSuspended},"t":${JSON.stringify(topic)}}`
  )
}

/** Undefined for what is no check point. */
export function readCheckPoint(body: Uint8Array): CheckPoint | undefined {
  return readOrNothing(body, (content) => {
    const object = asObject(content, 'check point')
    const [topic, group] = [textField(object, 't'), textField(object, 'c')]
    if (topic === undefined || group === undefined) return undefined
    const count = integerField(object, 'n') ?? 0
    const diffs = listField(object, 'd')?.map((diff) => asInteger(diff, 'd')) ?? []
    return {
      topic,
      group,
      queueId: integerField(object, 'q') ?? 0,
      startOffset: integerField(object, 'so') ?? 0,
      popTime: integerField(object, 'pt') ?? 0,
      invisibleMs: integerField(object, 'it') ?? 0,
      // Brokers before 5.0 wrote only how many there are.
      diffs: diffs.length > 0 ? diffs : Array.from({ length: Math.min(Math.max(count, 0), 127) }, (_, i) => i),
      brokerName: textField(object, 'bn') ?? '',
      putBackTimes: Number(textField(object, 'rp') ?? 0) || 0,
      isSuspended: booleanField(object, 'sp') ?? false,
    }
  })
}

/** What `read` makes of a JSON body; undefined for one that is none, or another one. */
export function readOrNothing<T>(
  body: Uint8Array,
  read: (content: ReturnType<typeof parseJsonBytes>) => T,
): T | undefined {
  try {
    return read(parseJsonBytes(body))
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof JsonFieldError) return undefined
    throw error
  }
}
