import { encodeJson } from '../../codec/json/write-json.ts'
import { decodeMessage } from '../../codec/message/message-ext.ts'
import type { RemotingCommand, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode, requestCodeName } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock } from '../../io/clock.ts'
import { incomingMessage } from '../messages/incoming-message.ts'
import { StatusCode, statusCodeName } from '../wire/status-code.ts'
import type { ClientQuestions } from './client-questions.ts'
import type { KnownClient } from './client-table.ts'
import { consumeType, subscriptionSet } from './consumer-heartbeat.ts'

/** What operators ask consumers by way of brokers, put to a client of gRPC (source: GrpcClientChannel, ClientActivity). */
export class OperatorQuestions {
  readonly #questions: ClientQuestions
  readonly #clock: Clock

  constructor(questions: ClientQuestions, clock: Clock) {
    this.#questions = questions
    this.#clock = clock
  }

  /** The answer for the broker. @throws Error that says why the client gives none */
  async answer(client: KnownClient, request: RemotingCommand): Promise<Response> {
    switch (request.code) {
      case RequestCode.GET_CONSUMER_RUNNING_INFO:
        return this.#runningInfo(client, request)
      case RequestCode.CONSUME_MESSAGE_DIRECTLY:
        return this.#consume(client, request)
      default:
        return {
          code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
          remark: `clients of gRPC do not know ${requestCodeName(request.code)}`,
        }
    }
  }

  async #runningInfo(client: KnownClient, { fields }: RemotingCommand): Promise<Response> {
    const { settings } = client
    const info = {
      mqPopTable: {},
      mqTable: {},
      properties: {
        PROP_CLIENT_VERSION: settings.userAgent?.version ?? '',
        PROP_CONSUMEORDERLY: String(settings.subscription?.fifo ?? false),
        PROP_CONSUME_TYPE: consumeType(settings),
        PROP_THREADPOOL_CORE_SIZE: '0',
      },
      statusTable: {},
      subscriptionSet: subscriptionSet(settings),
    }
    if (fields['jstackEnable'] !== 'true') return { code: ResponseCode.SUCCESS, body: encodeJson(info as never) }
    const { status, threadStackTrace } = await this.#questions.ask(client, (nonce) => ({
      printThreadStackTraceCommand: { nonce },
    }))
    const code = status?.code ?? StatusCode.OK
    if (code !== StatusCode.OK)
      return { code: ResponseCode.SYSTEM_ERROR, remark: `${statusCodeName(code)} ${status?.message}` }
    const jstack = threadStackTrace?.threadStackTrace ?? ''
    return { code: ResponseCode.SUCCESS, body: encodeJson({ jstack, ...info } as never) }
  }

  async #consume(client: KnownClient, { body, fields }: RemotingCommand): Promise<Response> {
    if (body === undefined) return { code: ResponseCode.SYSTEM_ERROR, remark: 'the request brings no message' }
    const message = decodeMessage(body, 0, { decompress: false, checkCrc: false })
    const { topic, reconsumeTimes } = message
    const startedMs = this.#clock.monotonic()
    const { status } = await this.#questions.ask(client, (nonce) => ({
      verifyMessageCommand: {
        nonce,
        message: incomingMessage(message, { topic: fields['topic'] ?? topic, reconsumeTimes }),
      },
    }))
    const code = status?.code ?? StatusCode.OK
    if (code === StatusCode.VERIFY_FIFO_MESSAGE_UNSUPPORTED) {
      return { code: ResponseCode.NO_PERMISSION, remark: 'forbidden to verify message' }
    }
    const result = {
      autoCommit: true,
      consumeResult: RESULTS.get(code) ?? 'CR_THROW_EXCEPTION',
      order: false,
      remark: 'from gRPC client',
      spentTimeMills: Math.round(this.#clock.monotonic() - startedMs),
    }
    return { code: ResponseCode.SUCCESS, body: encodeJson(result) }
  }
}

const RESULTS = new Map<number, string>([
  [StatusCode.OK, 'CR_SUCCESS'],
  [StatusCode.FAILED_TO_CONSUME_MESSAGE, 'CR_LATER'],
  [StatusCode.MESSAGE_CORRUPTED, 'CR_RETURN_NULL'],
])
