import type { ResponseCode } from './response-code.ts'

/** An expected refusal of a request: becomes a response with this code and remark. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: ResponseCode

  constructor(code: ResponseCode, remark: string, options?: ErrorOptions) {
    super(remark, options)
    this.code = code
  }
}
