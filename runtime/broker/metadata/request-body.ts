import { JsonFieldError } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { JsonSyntaxError, parseJsonBytes } from '../../codec/json/parse-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'

/** Reads a request's JSON body; what is wrong with it becomes the answer. @throws RequestError */
export function readBody<T>(request: CommandView, read: (content: JsonValue) => T): T {
  const name = requestCodeName(request.code)
  if (request.bodyLength === 0) throw new RequestError(ResponseCode.SYSTEM_ERROR, `${name} has no body`)
  try {
    return read(parseJsonBytes(request.body()))
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof JsonFieldError)) throw error
    throw new RequestError(ResponseCode.SYSTEM_ERROR, `body of ${name}: ${error.message}`, { cause: error })
  }
}
