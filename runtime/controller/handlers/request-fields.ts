import { JsonFieldError } from '../../codec/json/json-fields.ts'
import { JsonSyntaxError } from '../../codec/json/parse-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BROKER_ID_MAX, REPLICAS_MAX } from '../state/broker-group.ts'

/** What `decode` makes of the request's body. @throws RequestError when it is no JSON, or not such as `decode` expects */
export function readBody<T>(request: CommandView, decode: (body: Buffer) => T): T {
  try {
    return decode(request.body())
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof JsonFieldError)) throw error
    const remark = `cannot read the body: ${error.message}`
    throw new RequestError(ResponseCode.CONTROLLER_INVALID_REQUEST, remark, { cause: error })
  }
}

/** @throws RequestError for more ids than a group can have, and for one that no broker can have */
export function checkIds(ids: readonly number[]): void {
  const odd = ids.find((id) => !isBrokerId(id))
  if (odd !== undefined) {
    const remark = `Rejecting alter syncStateSet request because the replicas {${odd}} don't exist`
    throw new RequestError(ResponseCode.CONTROLLER_INVALID_REPLICAS, remark)
  }
  if (ids.length <= REPLICAS_MAX) return
  const remark = `${ids.length} replicas are named, a group has at most ${REPLICAS_MAX}`
  throw new RequestError(ResponseCode.CONTROLLER_INVALID_REPLICAS, remark)
}

function isBrokerId(id: number): boolean {
  return id >= 0 && id <= BROKER_ID_MAX
}

/** Longer names and addresses are not taken; the official ones are far shorter. */
const TEXT_MAX = 1024

/** A field that goes into the books. @throws RequestError when it is absent, empty or longer than the books take */
export function boundedText(request: CommandView, name: string): string {
  const text = request.requiredText(name)
  if (text === '' || text.length > TEXT_MAX) {
    const remark = `the custom field <${name}> has ${text.length} characters: 1 to ${TEXT_MAX} are taken`
    throw new RequestError(ResponseCode.CONTROLLER_INVALID_REQUEST, remark)
  }
  return text
}

/** @throws RequestError when absent, or no id of a broker */
export function requiredBrokerId(request: CommandView, name: string): number {
  const id = request.requiredInteger(name)
  if (isBrokerId(id)) return id
  const remark = `the custom field <${name}> is ${id}, which no broker has as its id`
  throw new RequestError(ResponseCode.CONTROLLER_INVALID_REQUEST, remark)
}

/** A Java int, undefined when absent. @throws RequestError for what is none */
export function int32(request: CommandView, name: string): number | undefined {
  const value = request.integer(name)
  if (value !== undefined) checkInt32(`the custom field <${name}>`, value)
  return value
}

/** @throws RequestError also when absent */
export function requiredInt32(request: CommandView, name: string): number {
  request.requiredInteger(name)
  return int32(request, name)!
}

/** @throws RequestError when the value does not fit where the log keeps a Java int */
export function checkInt32(what: string, value: number): void {
  if ((value | 0) === value) return
  throw new RequestError(ResponseCode.CONTROLLER_INVALID_REQUEST, `${what} is ${value}, which is no int`)
}
