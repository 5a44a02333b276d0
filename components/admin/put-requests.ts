import type { RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'

/** What a master holds of a topic. */
export interface TopicSettings {
  readonly readQueues: number
  readonly writeQueues: number
  /** RocketMQ's permission bits: 4 read, 2 write. */
  readonly perm: number
  readonly order: boolean
}

/** What a master holds of a consumer group, as far as users set it. */
export interface ConsumerGroupSettings {
  readonly orderly: boolean
  readonly broadcast: boolean
  readonly retryQueues: number
  readonly retryMaxTimes: number
}

/** Creates a topic on a master, or changes it. */
export const putTopic = (name: string, settings: TopicSettings): RequestDraft => ({
  code: RequestCode.UPDATE_AND_CREATE_TOPIC,
  fields: {
    topic: name,
    // The topic whose settings a new one takes after; unused when all are given, but official brokers demand the field.
    defaultTopic: 'TBW102',
    readQueueNums: settings.readQueues,
    writeQueueNums: settings.writeQueues,
    perm: settings.perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: settings.order,
  },
})

/** Creates a consumer group on a master, or changes it. The broker fills in its defaults for the other fields. */
export const putConsumerGroup = (name: string, settings: ConsumerGroupSettings): RequestDraft => ({
  code: RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
  body: Buffer.from(
    JSON.stringify({
      groupName: name,
      consumeEnable: true,
      consumeFromMinEnable: true,
      consumeBroadcastEnable: settings.broadcast,
      consumeMessageOrderly: settings.orderly,
      retryQueueNums: settings.retryQueues,
      retryMaxTimes: settings.retryMaxTimes,
      brokerId: 0,
      whichBrokerWhenConsumeSlowly: 1,
      notifyConsumerIdsChangedEnable: true,
    }),
  ),
})
