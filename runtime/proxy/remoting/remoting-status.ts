import { JsonFieldError } from '../../codec/json/json-fields.ts'
import { JsonSyntaxError } from '../../codec/json/parse-json.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { InvocationError } from '../../net/pending-invocations.ts'
import { ProxyError } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'

/** Source: AbstractRemotingActivity. What has no code of its own is a SYSTEM_ERROR, upon which producers try again. */
const CODES = new Map<StatusCode, ResponseCode>([
  [StatusCode.FORBIDDEN, ResponseCode.NO_PERMISSION],
  [StatusCode.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE, ResponseCode.MESSAGE_ILLEGAL],
  [StatusCode.TOPIC_NOT_FOUND, ResponseCode.TOPIC_NOT_EXIST],
  [StatusCode.CONSUMER_GROUP_NOT_FOUND, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST],
  [StatusCode.TOO_MANY_REQUESTS, ResponseCode.SYSTEM_BUSY],
])

/** An expected failure as the remoting protocol has it; others are returned as they are. */
export function remotingError(error: unknown): unknown {
  if (error instanceof ProxyError) {
    return new RequestError(CODES.get(error.code) ?? ResponseCode.SYSTEM_ERROR, error.message, { cause: error })
  }
  if (error instanceof JsonSyntaxError || error instanceof JsonFieldError) {
    return new RequestError(ResponseCode.SYSTEM_ERROR, `the body: ${error.message}`, { cause: error })
  }
  if (!(error instanceof InvocationError)) return error
  const code = error.reason === 'limit' ? ResponseCode.SYSTEM_BUSY : ResponseCode.SYSTEM_ERROR
  return new RequestError(code, error.message, { cause: error })
}
