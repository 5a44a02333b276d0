import { MessageKind } from '../wire/definition.ts'

/** What a topic takes: its attribute message.type (source: TopicMessageType). A topic without one takes NORMAL. */
export type TopicType = 'UNSPECIFIED' | 'NORMAL' | 'FIFO' | 'DELAY' | 'TRANSACTION' | 'PRIORITY' | 'LITE' | 'MIXED'

const TYPES: ReadonlySet<string> = new Set([
  ...['UNSPECIFIED', 'NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'PRIORITY', 'LITE', 'MIXED'],
])

export function topicTypeOf(attribute: string | undefined): TopicType {
  const name = attribute?.toUpperCase() ?? 'NORMAL'
  return TYPES.has(name) ? (name as TopicType) : 'UNSPECIFIED'
}

/** What clients are told that they may send to a topic. */
export function acceptedKinds(type: TopicType): readonly number[] {
  switch (type) {
    case 'NORMAL':
      return [MessageKind.normal]
    case 'FIFO':
      return [MessageKind.fifo]
    case 'DELAY':
      return [MessageKind.delay]
    case 'TRANSACTION':
      return [MessageKind.transaction]
    case 'PRIORITY':
      return [MessageKind.priority]
    case 'LITE':
      return [MessageKind.lite]
    case 'MIXED':
      return [MessageKind.normal, MessageKind.fifo, MessageKind.delay, MessageKind.transaction]
    case 'UNSPECIFIED':
      return [MessageKind.unspecified]
  }
}
