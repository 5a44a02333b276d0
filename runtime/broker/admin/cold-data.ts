import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { parseProperties } from '../../config/properties-file.ts'
import { COLD_GROUPS_MAX, type ColdAccounts } from '../cold/cold-accounts.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'

/**
 * UPDATE_, REMOVE_ and GET_COLD_DATA_FLOW_CTR_*: limits of groups for reads of cold data, and what they have read. Kept in memory,
 * as in Apache RocketMQ.
 */
export function registerColdData(server: HandlerRegistry, accounts: ColdAccounts): void {
  server.handle(RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, (request) => update(accounts, request))
  server.handle(RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, (request) => {
    accounts.removeLimit(request.body().toString('utf8'))
    return { code: ResponseCode.SUCCESS }
  })
  server.handle(RequestCode.GET_COLD_DATA_FLOW_CTR_INFO, () => {
    return { code: ResponseCode.SUCCESS, body: Buffer.from(JSON.stringify(accounts.describe())) }
  })
}

function update(accounts: ColdAccounts, request: CommandView): Response {
  const { entries } = parseProperties(request.body().toString('utf8'))
  const wrong = entries.find(({ value }) => !/^\d+$/.test(value) || !Number.isSafeInteger(Number(value)))
  if (wrong) {
    const remark = `threshold of group ${wrong.key} is "${wrong.value}": give a number of bytes`
    return { code: ResponseCode.INVALID_PARAMETER, remark }
  }
  const refused = entries.find(({ key, value }) => !accounts.setLimit(key, Number(value)))
  if (refused === undefined) return { code: ResponseCode.SUCCESS }
  const remark = `no threshold for ${refused.key}: ${COLD_GROUPS_MAX} groups have thresholds: remove some first`
  return { code: ResponseCode.SYSTEM_ERROR, remark }
}
