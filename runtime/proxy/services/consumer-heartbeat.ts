import { encodeJson } from '../../codec/json/write-json.ts'
import { hashCodeOfUtf8 } from '../../codec/message/properties.ts'
import type { RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { subscriptionOf } from '../messages/subscription.ts'
import { ClientType, isLiteConsumer, type Settings } from '../wire/definition.ts'

/** LanguageCode by the number that Language has in definition.proto. */
const LANGUAGES = ['OTHER', 'JAVA', 'CPP', 'DOTNET', 'GO', 'RUST', 'PYTHON', 'PHP', 'NODE_JS', 'RUBY']

/** What brokers are told of a consumer, as if it sent them heartbeats itself (source: ClientActivity.registerConsumer). */
export function consumerHeartbeat(clientId: string, group: string, settings: Settings): RequestDraft {
  const consumer = {
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    consumeType: consumeType(settings),
    groupName: group,
    messageModel: isLiteConsumer(settings.clientType) ? 'LITE_SELECTIVE' : 'CLUSTERING',
    subscriptionDataSet: subscriptionSet(settings),
    unitMode: false,
  }
  return {
    code: RequestCode.HEART_BEAT,
    language: LANGUAGES[settings.userAgent?.language ?? 0] ?? 'OTHER',
    body: encodeJson({
      clientID: clientId,
      consumerDataSet: [consumer],
      heartbeatFingerprint: 0,
      producerDataSet: [],
      withoutSub: false,
    }),
  }
}

export function consumeType({ clientType }: Settings): 'CONSUME_PASSIVELY' | 'CONSUME_ACTIVELY' {
  const isPush = clientType === ClientType.pushConsumer || clientType === ClientType.litePushConsumer
  return isPush ? 'CONSUME_PASSIVELY' : 'CONSUME_ACTIVELY'
}

export function subscriptionSet({ subscription }: Settings): object[] {
  return (subscription?.subscriptions ?? []).map(({ topic, expression }) => {
    const wanted = subscriptionOf(expression)
    return {
      classFilterMode: false,
      codeSet: [...wanted.tags].map(hashOf),
      expressionType: wanted.type,
      subString: wanted.expression,
      subVersion: 0,
      tagsSet: [...wanted.tags],
      topic: topic?.name ?? '',
    }
  })
}

function hashOf(tag: string): number {
  const bytes = Buffer.from(tag)
  return hashCodeOfUtf8(bytes, 0, bytes.length)
}
