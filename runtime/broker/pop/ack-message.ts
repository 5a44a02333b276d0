import { asInteger, asObject, integerField, listField, textField } from '../../codec/json/json-fields.ts'
import { readOrNothing } from './check-point.ts'

/*
 * Body of an ack (AckMsg, tag `ack`) and of several for one check point (BatchAckMsg, tag `bAck`):
 *
 *   {"ao":9,"bn":"broker-a","c":"group","pt":1700000000000,"q":1,"so":7,"t":"T"}
 *   {"ao":-1,"aol":[7,9],"bn":"broker-a","c":"group","pt":1700000000000,"q":1,"so":7,"t":"T"}
 *
 * ao: queue offset of the message; the rest says which check point.
 */

export const ACK_TAG = 'ack'
export const BATCH_ACK_TAG = 'bAck'

/** Whose messages are acknowledged. */
export interface AckedPoint {
  readonly topic: string
  readonly group: string
  readonly queueId: number
  readonly startOffset: number
  readonly popTime: number
  readonly brokerName: string
}

export function ackBody(point: AckedPoint, offsets: readonly number[]): string {
  const { topic, group, queueId, startOffset, popTime, brokerName } = point
  const list = offsets.length === 1 ? `"ao":${offsets[0]},` : `"ao":-1,"aol":[${offsets.join(',')}],`
  return (
    `{${list}"bn":${JSON.stringify(brokerName)},"c":${JSON.stringify(group)},` +
    `"pt":${popTime},"q":${queueId},"so":${startOffset},"t":${JSON.stringify(topic)}}`
  )
}

/** The UNIQ_KEY of its message. */
export function ackUniqueKey(point: AckedPoint, offsets: readonly number[]): string {
  const { topic, group, queueId, popTime, brokerName } = point
  if (offsets.length === 1) return `${topic}@${queueId}@${offsets[0]}@${group}@${popTime}@${brokerName}@${ACK_TAG}`
  return `${topic}@${queueId}@[${offsets.join(', ')}]@${group}@${popTime}@${BATCH_ACK_TAG}`
}

/** Undefined for what is no ack. */
export function readAck(body: Uint8Array): (AckedPoint & { readonly offsets: readonly number[] }) | undefined {
  return readOrNothing(body, (content) => {
    const object = asObject(content, 'ack')
    // Brokers of 5.0 wrote the long names.
    const text = (short: string, long: string) => textField(object, short) ?? textField(object, long)
    const integer = (short: string, long: string) => integerField(object, short) ?? integerField(object, long) ?? 0
    const [topic, group] = [text('t', 'topic'), text('c', 'consumerGroup')]
    if (topic === undefined || group === undefined) return undefined
    const list = listField(object, 'aol') ?? listField(object, 'ackOffsetList')
    return {
      topic,
      group,
      queueId: integer('q', 'queueId'),
      startOffset: integer('so', 'startOffset'),
      popTime: integer('pt', 'popTime'),
      brokerName: text('bn', 'brokerName') ?? '',
      offsets: list?.map((offset) => asInteger(offset, 'aol')) ?? [integer('ao', 'ackOffset')],
    }
  })
}
