import { requestCodeName } from '../codec/remoting/request-code.ts'
import { responseCodeName } from '../codec/remoting/response-code.ts'

/** Why a command cannot do what it was asked: what, which value or address, and what to do about it, on one line. */
export class AdminError extends Error {
  override readonly name: string = 'AdminError'
}

/** A server answered with something other than success. */
export class RefusedError extends AdminError {
  override readonly name = 'RefusedError'
  readonly code: number
  /** The server's own words. */
  readonly remark: string

  constructor(address: string, request: number, code: number, remark: string | undefined) {
    super(
      `${address} refused ${requestCodeName(request)}: ${code} ${responseCodeName(code)}: ${remark ?? 'no reason given'}`,
    )
    this.code = code
    this.remark = remark ?? ''
  }
}

/** What a command asks for is not there, although the servers answered; `code` is what they would have said. */
export class AbsentError extends AdminError {
  override readonly name = 'AbsentError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The response code behind an error, if there is one. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof RefusedError || error instanceof AbsentError ? error.code : undefined
}
