import { RequestCode } from '../codec/remoting/request-code.ts'
import type { AdminClient } from './admin-client.ts'
import { AdminError } from './admin-error.ts'
import { javaMap, permText } from './java-text.ts'

/** What a topic is on one broker; `attributes` are changes: `+name=value` sets one, `-name` removes one. */
export interface TopicConfig {
  readonly topicName: string
  readonly readQueueNums: number
  readonly writeQueueNums: number
  readonly perm: number
  readonly topicSysFlag: number
  readonly order: boolean
  readonly attributes: ReadonlyMap<string, string>
}

/** Creates the topic on a broker or changes it there. */
export async function updateTopic(client: AdminClient, address: string, config: TopicConfig): Promise<void> {
  if (config.perm < 0 || config.perm > 7) {
    throw new AdminError(`permission ${config.perm} is none: 2 is write, 4 read, 6 both`)
  }
  await client.call(address, {
    code: RequestCode.UPDATE_AND_CREATE_TOPIC,
    fields: {
      topic: config.topicName,
      // What a topic created on the fly would be modelled on; brokers ask for it and do not use it here.
      defaultTopic: 'TBW102',
      readQueueNums: config.readQueueNums,
      writeQueueNums: config.writeQueueNums,
      perm: config.perm,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: config.topicSysFlag,
      order: config.order,
      attributes: Array.from(config.attributes, ([name, value]) => (value === '' ? name : `${name}=${value}`)).join(
        ',',
      ),
    },
  })
}

export function topicConfigText(config: TopicConfig): string {
  return (
    `TopicConfig [topicName=${config.topicName}, readQueueNums=${config.readQueueNums}, ` +
    `writeQueueNums=${config.writeQueueNums}, perm=${permText(config.perm)}, topicFilterType=SINGLE_TAG, ` +
    `topicSysFlag=${config.topicSysFlag}, order=${config.order}, attributes=${javaMap(config.attributes)}]`
  )
}

/** Reads `+a=b,-c`: what to set and what to remove. @throws AdminError */
export function parseAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const part of text === '' ? [] : text.split(',')) {
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    const value = equals < 0 ? '' : part.slice(equals + 1)
    if (!name.startsWith(equals < 0 ? '-' : '+')) {
      throw new AdminError(`attribute change "${part}" is neither +name=value (set) nor -name (remove)`)
    }
    if (attributes.has(name)) throw new AdminError(`attribute ${name} is changed twice`)
    attributes.set(name, value)
  }
  return attributes
}

const FLAG_UNIT = 1
const FLAG_UNIT_SUB = 2

export function topicSysFlag(isUnit: boolean, hasUnitSub: boolean): number {
  return (isUnit ? FLAG_UNIT : 0) | (hasUnitSub ? FLAG_UNIT_SUB : 0)
}
