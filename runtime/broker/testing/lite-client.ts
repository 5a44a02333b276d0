import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type Begun, messagesOf, type SentMessage, type WholeBroker } from './whole-broker.ts'

type Fields = Readonly<Record<string, string | number | boolean>>

/** The broker that is spoken to, and its time. */
export type LiteHost = Pick<WholeBroker, 'ask' | 'begin' | 'clock'>

/** A message of a lite topic that was popped. */
export interface LitePopped {
  readonly body: string
  readonly lite: string
  readonly offset: number
  /** How often it was popped before. */
  readonly times: number
  readonly handle: string
}

/** Settings of a broker that serves lite topics. */
export const LITE_ON = 'enableLmq=true\nenableMultiDispatch=true\n'

/** Creates a topic of type LITE and a group that is bound to it. */
export async function createLite(whole: LiteHost, topic = 'P', group = 'g', more: Fields = {}): Promise<void> {
  const ttl = more['lite.topic.expiration']
  const attributes = `+message.type=LITE${ttl === undefined ? '' : `,+lite.topic.expiration=${ttl}`}`
  const sizes = { topic, defaultTopic: 'TBW102', readQueueNums: 4, writeQueueNums: 4, perm: 6 }
  const fields = { ...sizes, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false, attributes }
  const made = await whole.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { fields })
  if (made.code !== 0) throw new Error(made.remark)
  await createLiteGroup(whole, topic, group, more)
}

export async function createLiteGroup(whole: LiteHost, topic: string, group: string, more: Fields = {}) {
  const given = Object.entries(more).filter(([name]) => name.startsWith('lite.sub.'))
  const attributes = Object.fromEntries(
    [['lite.bind.topic', topic], ...given].map(([name, value]) => [`+${name}`, String(value)]),
  )
  const body = Buffer.from(JSON.stringify({ groupName: group, attributes }))
  const made = await whole.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { body })
  if (made.code !== 0) throw new Error(made.remark)
}

export function sendLite(
  whole: Pick<WholeBroker, 'send'>,
  lite: string,
  body: string,
  more: SentMessage = {},
  topic = 'P',
) {
  return whole.send(topic, { body, properties: `__LITE_TOPIC\x01${lite}\x02UNIQ_KEY\x01k-${body}\x02`, ...more })
}

/** A consumer of lite topics, as a proxy speaks for it. */
export class LiteTestClient {
  readonly #whole: LiteHost
  readonly clientId: string
  readonly #group: string
  readonly #topic: string

  constructor(whole: LiteHost, clientId = 'c1', group = 'g', topic = 'P') {
    this.#whole = whole
    this.clientId = clientId
    this.#group = group
    this.#topic = topic
  }

  sync(action: string, liteTopics: readonly string[] = [], offsetOption?: object): Promise<RemotingCommand> {
    const { clientId } = this
    const entry = {
      action,
      clientId,
      group: this.#group,
      topic: this.#topic,
      liteTopicSet: liteTopics,
      offsetOption,
      version: 0,
    }
    const body = Buffer.from(JSON.stringify({ subscriptionSet: [entry] }))
    return this.#whole.ask(RequestCode.LITE_SUBSCRIPTION_CTL, { body })
  }

  request(more: Fields = {}): { fields: Fields } {
    const who = { clientId: this.clientId, consumerGroup: this.#group, topic: this.#topic }
    const bornTime = this.#whole.clock.now()
    return { fields: { ...who, maxMsgNum: 32, invisibleTime: 10_000, pollTime: 0, bornTime, ...more } }
  }

  answer(more: Fields = {}): Promise<RemotingCommand> {
    return this.#whole.ask(RequestCode.POP_LITE_MESSAGE, this.request(more))
  }

  async pop(more: Fields = {}): Promise<LitePopped[]> {
    return litePopped(await this.answer(more))
  }

  async bodies(more: Fields = {}): Promise<string[]> {
    return (await this.pop(more)).map(({ body }) => body)
  }

  begin(more: Fields = {}): Begun {
    return this.#whole.begin(RequestCode.POP_LITE_MESSAGE, this.request({ pollTime: 20_000, ...more }))
  }

  ack(popped: LitePopped): Promise<RemotingCommand> {
    return this.#whole.ask(RequestCode.ACK_MESSAGE, { fields: this.#of(popped) })
  }

  change(popped: LitePopped, invisibleTime: number, more: Fields = {}): Promise<RemotingCommand> {
    const fields = { ...this.#of(popped), invisibleTime, ...more }
    return this.#whole.ask(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, { fields })
  }

  #of({ lite: liteTopic, offset, handle: extraInfo }: LitePopped): Fields {
    return { consumerGroup: this.#group, topic: this.#topic, queueId: 0, offset, extraInfo, liteTopic }
  }
}

/** The messages of an answer as official clients read it. */
export function litePopped(answer: RemotingCommand): LitePopped[] {
  const { popTime, invisibleTime, reviveQid, orderCountInfo = '' } = answer.fields
  const counts = orderCountInfo.split(';').map((info) => Number(info.split(' ').at(-1)))
  return messagesOf(answer).map(({ body, properties }, i) => {
    const offset = Number(properties.get('INNER_MULTI_QUEUE_OFFSET'))
    const handle = `0 ${popTime} ${invisibleTime} ${reviveQid} 0 broker-a 0 ${offset}`
    const lite = properties.get('__LITE_TOPIC') ?? ''
    return { body: body.toString(), lite, offset, times: counts[i] ?? 0, handle }
  })
}
