import { ResponseCode } from '../codec/remoting/response-code.ts'
import { InvocationError } from '../net/pending-invocations.ts'
import type { StatusDraft } from './wire/definition.ts'
import { StatusCode, statusCodeName } from './wire/status-code.ts'

/** An expected refusal: the client gets its code and its text. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly code: StatusCode

  constructor(code: StatusCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The codes of brokers that have one of their own on gRPC; all others are internal errors (source: ResponseBuilder). */
const CODES = new Map<number, StatusCode>([
  [ResponseCode.SUCCESS, StatusCode.OK],
  [ResponseCode.SYSTEM_BUSY, StatusCode.TOO_MANY_REQUESTS],
  [ResponseCode.REQUEST_CODE_NOT_SUPPORTED, StatusCode.NOT_IMPLEMENTED],
  [ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, StatusCode.CONSUMER_GROUP_NOT_FOUND],
  [ResponseCode.TOPIC_NOT_EXIST, StatusCode.TOPIC_NOT_FOUND],
  [ResponseCode.NO_PERMISSION, StatusCode.FORBIDDEN],
  [ResponseCode.LMQ_QUOTA_EXCEEDED, StatusCode.LITE_TOPIC_QUOTA_EXCEEDED],
  [ResponseCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED, StatusCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED],
])

function statusCodeOf(responseCode: number): StatusCode {
  return CODES.get(responseCode) ?? StatusCode.INTERNAL_SERVER_ERROR
}

/** What a broker refused. */
export function refusal(responseCode: number, remark: string | undefined): ProxyError {
  return new ProxyError(statusCodeOf(responseCode), remark ?? String(responseCode))
}

export function status(code: StatusCode, message: string = statusCodeName(code)): StatusDraft {
  return { code, message }
}

export const OK = status(StatusCode.OK)

/** What a client is told of an error; undefined for one that is a mistake of ours. */
export function statusOf(error: unknown): StatusDraft | undefined {
  if (error instanceof ProxyError) return status(error.code, error.message)
  if (!(error instanceof InvocationError)) return undefined
  if (error.reason === 'timeout') return status(StatusCode.PROXY_TIMEOUT, error.message)
  if (error.reason === 'limit') return status(StatusCode.TOO_MANY_REQUESTS, error.message)
  return status(StatusCode.INTERNAL_SERVER_ERROR, error.message)
}

/** One code for several results: theirs if they are all the same. */
export function commonStatus(codes: Iterable<number | undefined>, whenNone: string): StatusDraft {
  const different = new Set(codes)
  if (different.size > 1) return status(StatusCode.MULTIPLE_RESULTS)
  const [code] = different
  return code === undefined ? status(StatusCode.INTERNAL_SERVER_ERROR, whenNone) : status(code as StatusCode)
}
