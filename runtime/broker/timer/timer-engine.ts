import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'

/** Names of SWITCH_TIMER_ENGINE: the field, and the two engines of Apache RocketMQ. */
const FIELD = 'E_T'
const ROCKSDB = 'R'
const FILE_WHEEL = 'F'

/** SWITCH_TIMER_ENGINE: there is one engine here, the wheel in files; remarks as in AdminBrokerProcessor. */
export function switchTimerEngine(request: CommandView, isServed: boolean): Response {
  if (!isServed) return refused('broker timerWheelEnable is false')
  const engine = request.text(FIELD)
  if (engine === FILE_WHEEL) return { code: ResponseCode.SUCCESS, remark: 'switch timer engine success' }
  if (engine !== ROCKSDB) return refused('param error')
  return refused(
    'timerRocksDBEnable must be configured true when broker start, and this engine keeps timers in files only',
  )
}

function refused(remark: string): Response {
  return { code: ResponseCode.INVALID_PARAMETER, remark }
}
