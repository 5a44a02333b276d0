import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { parseProperties } from '../../config/properties-file.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'

export interface ColdDataSettings {
  readonly cgColdReadThreshold: number
  readonly globalColdReadThreshold: number
}

/** Groups with a threshold of their own; one more is refused. */
const GROUPS_MAX = 10_000

/**
 * UPDATE_, REMOVE_ and GET_COLD_DATA_FLOW_CTR_*: thresholds per group for reads of old messages. They are kept in memory, as
 * in Apache RocketMQ, and reported back. Nothing is throttled: the control is off by default there, too.
 */
export function registerColdData(server: HandlerRegistry, settings: Current<ColdDataSettings>): void {
  const thresholds = new Map<string, number>()
  server.handle(RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, (request) => update(thresholds, request))
  server.handle(RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, (request) => {
    thresholds.delete(request.body().toString('utf8'))
    return { code: ResponseCode.SUCCESS }
  })
  server.handle(RequestCode.GET_COLD_DATA_FLOW_CTR_INFO, () => {
    const { cgColdReadThreshold, globalColdReadThreshold } = settings.current
    // Official tools print this text as it is; the fields are in the order of the official answer.
    const info = {
      runtimeTable: {},
      configTable: Object.fromEntries(thresholds),
      cgColdReadThreshold,
      globalColdReadThreshold,
      globalAcc: 0,
    }
    return { code: ResponseCode.SUCCESS, body: Buffer.from(JSON.stringify(info)) }
  })
}

function update(thresholds: Map<string, number>, request: CommandView): Response {
  const { entries } = parseProperties(request.body().toString('utf8'))
  const wrong = entries.find(({ value }) => !/^\d+$/.test(value) || !Number.isSafeInteger(Number(value)))
  if (wrong) {
    const remark = `threshold of group ${wrong.key} is "${wrong.value}": give a number of bytes`
    return { code: ResponseCode.INVALID_PARAMETER, remark }
  }
  if (thresholds.size + entries.length > GROUPS_MAX) {
    return { code: ResponseCode.SYSTEM_ERROR, remark: `${GROUPS_MAX} groups have thresholds: remove some first` }
  }
  for (const { key, value } of entries) thresholds.set(key, Number(value))
  return { code: ResponseCode.SUCCESS }
}
