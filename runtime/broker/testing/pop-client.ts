import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type Begun, messagesOf, type WholeBroker } from './whole-broker.ts'

type Fields = Readonly<Record<string, string | number | boolean>>

/** A message that was popped, with what acknowledges it. */
export interface Popped {
  readonly body: string
  readonly topic: string
  readonly queueId: number
  readonly offset: number
  readonly reconsumeTimes: number
  readonly handle: string
}

/** Whom it asks: a broker, or whoever is master of a group. */
type Asked = Pick<WholeBroker, 'ask' | 'begin'> & { readonly clock: { now(): number } }

/** A consumer that pops: makes handles of answers as official clients do. */
export class PopClient {
  readonly #whole: Asked
  readonly #group: string
  readonly #topic: string

  constructor(whole: Asked, group = 'cg', topic = 'T') {
    this.#whole = whole
    this.#group = group
    this.#topic = topic
  }

  get #common(): Fields {
    return { consumerGroup: this.#group, topic: this.#topic, queueId: -1, bornTime: this.#whole.clock.now() }
  }

  request(more: Fields = {}): { fields: Fields } {
    return { fields: { ...this.#common, maxMsgNums: 16, invisibleTime: 10_000, pollTime: 0, initMode: 0, ...more } }
  }

  answer(more: Fields = {}): Promise<RemotingCommand> {
    return this.#whole.ask(RequestCode.POP_MESSAGE, this.request(more))
  }

  async pop(more: Fields = {}): Promise<Popped[]> {
    return this.messagesOf(await this.answer(more))
  }

  /** A pop that waits. */
  begin(more: Fields = {}): Begun {
    return this.#whole.begin(RequestCode.POP_MESSAGE, this.request({ pollTime: 15_000, ...more }))
  }

  messagesOf(answer: RemotingCommand): Popped[] {
    const { popTime, invisibleTime, reviveQid, startOffsetInfo = '' } = answer.fields
    const starts = new Map(
      startOffsetInfo.split(';').map((info) => [info.slice(0, info.lastIndexOf(' ')), info] as const),
    )
    return messagesOf(answer).map((message) => {
      const { queueId, queueOffset: offset, reconsumeTimes } = message
      const start = starts.get(`0 ${queueId}`)?.split(' ')[2]
      const made = `${start} ${popTime} ${invisibleTime} ${reviveQid} 0 broker-a ${queueId} ${offset}`
      const handle = message.properties.get('POP_CK') ?? made
      const mark = handle.split(' ')[4]
      const retry = mark === '2' ? `%RETRY%${this.#group}+${this.#topic}` : `%RETRY%${this.#group}_${this.#topic}`
      const topic = mark === '0' ? this.#topic : retry
      return { body: message.body.toString(), topic, queueId, offset, reconsumeTimes, handle }
    })
  }

  ack({ topic, queueId, offset, handle }: Popped): Promise<RemotingCommand> {
    return this.#whole.ask(RequestCode.ACK_MESSAGE, this.#of(topic, queueId, offset, handle))
  }

  beginAck({ topic, queueId, offset, handle }: Popped): Begun {
    return this.#whole.begin(RequestCode.ACK_MESSAGE, this.#of(topic, queueId, offset, handle))
  }

  change(
    { topic, queueId, offset, handle }: Popped,
    invisibleTime: number,
    more: Fields = {},
  ): Promise<RemotingCommand> {
    const { fields } = this.#of(topic, queueId, offset, handle)
    return this.#whole.ask(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, { fields: { ...fields, invisibleTime, ...more } })
  }

  #of(topic: string, queueId: number, offset: number, extraInfo: string): { fields: Fields } {
    return { fields: { consumerGroup: this.#group, topic, queueId, offset, extraInfo } }
  }
}
