import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Persisted } from './persisted.ts'

/**
 * Makes an administrator's change durable before it is confirmed.
 * @throws RequestError when the file cannot be written; the change is in effect and will be saved as soon as possible
 */
export function saveNow(...states: readonly Persisted[]): void {
  for (const state of states) {
    try {
      state.save()
    } catch (error) {
      const remark = `changed, but ${state.path} cannot be written yet: ${String(error)}`
      throw new RequestError(ResponseCode.SYSTEM_ERROR, remark, { cause: error })
    }
  }
}
