import { parseJson } from '../../codec/json/parse-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import type { MetadataSource } from '../../replication/metadata-sync.ts'
import { decodeTimerReport } from '../../store/timer/timer-checkpoint.ts'
import type { TimerMetrics } from './timer-metrics.ts'
import type { Timers } from './timers.ts'

/** What a slave asks its master about timers. */
export function timerSources(timers: () => Timers | undefined, metrics: TimerMetrics): MetadataSource[] {
  return [
    {
      code: RequestCode.GET_TIMER_CHECK_POINT,
      apply: (body) => timers()?.learn(decodeTimerReport(body)) ?? true,
    },
    {
      code: RequestCode.GET_TIMER_METRICS,
      apply: (body) => {
        metrics.replaceAll(parseJson(body.toString()))
        return true
      },
    },
  ]
}
