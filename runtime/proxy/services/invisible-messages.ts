import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock } from '../../io/clock.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { assertVisibleLater, parseReceiptHandle, type ReceiptHandle, realTopic } from '../messages/receipt-handle.ts'
import { ProxyError, refusal } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'

const TIMEOUT_MS = 3000

/** A message that was given out, as the requests about it name it. */
export interface GivenOut {
  readonly topic: string
  readonly group: string
  readonly messageId: string
  /** The lite topic that it was popped from; undefined: none. */
  readonly liteTopic?: string | undefined
}

/** What brokers are asked about messages that were given out (source: ConsumerProcessor, ProducerProcessor). */
export class InvisibleMessages {
  readonly #gateway: BrokerGateway
  readonly #clock: Clock

  constructor(gateway: BrokerGateway, clock: Clock) {
    this.#gateway = gateway
    this.#clock = clock
  }

  /** @throws ProxyError, InvocationError */
  async acknowledge(handleText: string, { topic, group, liteTopic }: GivenOut): Promise<void> {
    const handle = this.#handle(handleText)
    const { code, remark } = await this.#gateway.invoke(
      await this.#broker(handle),
      {
        code: RequestCode.ACK_MESSAGE,
        fields: {
          consumerGroup: group,
          topic: realTopic(handle, topic, group),
          queueId: handle.queueId,
          extraInfo: handle.text,
          offset: handle.queueOffset,
          liteTopic,
          bname: handle.brokerName,
        },
      },
      TIMEOUT_MS,
    )
    if (code === ResponseCode.SUCCESS) return
    throw new ProxyError(StatusCode.INTERNAL_SERVER_ERROR, `ack failed: ${remark ?? `code ${code}`}`)
  }

  /**
   * Returns the handle that counts from now on. `isSuspended`: all that was popped of the lite topic with it waits, and has not
   * been tried. @throws ProxyError, InvocationError
   */
  async changeInvisibleTime(
    handleText: string,
    { topic, group, liteTopic }: GivenOut,
    invisibleMs: number,
    isSuspended = false,
  ): Promise<string> {
    const handle = this.#handle(handleText)
    const { code, remark, fields } = await this.#gateway.invoke(
      await this.#broker(handle),
      {
        code: RequestCode.CHANGE_MESSAGE_INVISIBLETIME,
        fields: {
          consumerGroup: group,
          topic: realTopic(handle, topic, group),
          queueId: handle.queueId,
          extraInfo: handle.text,
          offset: handle.queueOffset,
          invisibleTime: invisibleMs,
          liteTopic,
          suspend: isSuspended || undefined,
          bname: handle.brokerName,
        },
      },
      TIMEOUT_MS,
    )
    if (code !== ResponseCode.SUCCESS) {
      throw new ProxyError(
        StatusCode.INTERNAL_SERVER_ERROR,
        `changeInvisibleDuration failed: ${remark ?? `code ${code}`}`,
      )
    }
    const { queueOffset, topicKind, brokerName, queueId, commitLogOffset } = handle
    const times = `${fields['popTime']} ${fields['invisibleTime']} ${fields['reviveQid']}`
    return `${queueOffset} ${times} ${topicKind} ${brokerName} ${queueId} ${queueOffset} ${commitLogOffset}`
  }

  /** Makes a message a dead letter, and acknowledges it. @throws ProxyError, InvocationError */
  async forwardToDeadLetters(handleText: string, given: GivenOut): Promise<void> {
    const handle = parseReceiptHandle(handleText)
    if (handle.commitLogOffset < 0) {
      throw new ProxyError(StatusCode.INVALID_RECEIPT_HANDLE, 'the receipt handle does not say where the message is')
    }
    const { topic, group, messageId } = given
    const { code, remark } = await this.#gateway.invoke(
      await this.#broker(handle),
      {
        code: RequestCode.CONSUMER_SEND_MSG_BACK,
        fields: {
          offset: handle.commitLogOffset,
          group,
          delayLevel: -1,
          originMsgId: messageId,
          originTopic: realTopic(handle, topic, group),
          unitMode: false,
          maxReconsumeTimes: 0,
          bname: handle.brokerName,
        },
      },
      TIMEOUT_MS,
    )
    if (code !== ResponseCode.SUCCESS) throw refusal(code, remark)
    await this.acknowledge(handleText, given)
  }

  #handle(text: string): ReceiptHandle {
    const handle = parseReceiptHandle(text)
    assertVisibleLater(handle, this.#clock.now())
    return handle
  }

  async #broker({ brokerName }: ReceiptHandle): Promise<string> {
    try {
      return await this.#gateway.masterOf(brokerName)
    } catch (error) {
      if (!(error instanceof ProxyError) || error.code !== StatusCode.TOPIC_NOT_FOUND) throw error
      throw new ProxyError(StatusCode.INVALID_RECEIPT_HANDLE, `cannot find broker ${brokerName}`, { cause: error })
    }
  }
}
