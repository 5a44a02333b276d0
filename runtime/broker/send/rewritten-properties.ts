import { decodeProperties, encodeProperties, Property, scanProperties } from '../../codec/message/properties.ts'
import type { MessageDraft } from '../../store/message-draft.ts'

/*
 * The rare messages whose properties are not stored as the client sent them go through a map. Everything else is copied
 * by range.
 */

/** Of version 5: set by the broker, never taken from a client. */
const POP_CHECK_POINT = 'POP_CK'

export function propertiesOf(draft: MessageDraft): Map<string, string> {
  const { bytes, start, length } = draft.properties
  return decodeProperties(Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8'))
}

/** Gives the draft these properties, in bytes of its own. */
export function setProperties(draft: MessageDraft, properties: ReadonlyMap<string, string>): void {
  const bytes = Buffer.from(encodeProperties(properties))
  draft.properties.bytes = bytes
  draft.properties.start = 0
  draft.properties.length = bytes.length
  scanProperties(bytes, 0, bytes.length, draft.ranges)
  draft.isScanned = true
}

export function replaceDelay(draft: MessageDraft, level: number): void {
  const properties = propertiesOf(draft)
  properties.set(Property.delay, String(level))
  setProperties(draft, properties)
}

export function withoutTimer(draft: MessageDraft): void {
  const properties = propertiesOf(draft)
  properties.delete(Property.timerDeliverMs)
  properties.delete(Property.timerDelayMs)
  properties.delete(Property.timerDelaySec)
  setProperties(draft, properties)
}

export function withoutPriority(draft: MessageDraft): void {
  const properties = propertiesOf(draft)
  properties.delete(Property.priority)
  setProperties(draft, properties)
}

/** Adds the unique key a client left out and takes out what only brokers set. */
export function completeProperties(draft: MessageDraft, uniqueKey: () => string): void {
  const properties = propertiesOf(draft)
  properties.delete(POP_CHECK_POINT)
  properties.delete(Property.innerMultiQueueOffset)
  properties.delete(Property.innerNum)
  properties.delete(Property.innerBase)
  if (!properties.has(Property.uniqKey)) properties.set(Property.uniqKey, uniqueKey())
  setProperties(draft, properties)
}
