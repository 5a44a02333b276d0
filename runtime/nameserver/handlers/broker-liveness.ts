import { asObject, JsonFieldError } from '../../codec/json/json-fields.ts'
import { JsonSyntaxError, parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type DataVersionFields, readDataVersion, sameDataVersion } from '../../codec/route/data-version.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'clock' | 'table'>

/** The light requests between two registrations: is my topic table still what you have; I am alive. */
export function brokerLiveness({ clock, table }: Needed): Handlers {
  return [
    [RequestCode.QUERY_DATA_VERSION, (request) => queryDataVersion({ clock, table }, request)],
    [
      RequestCode.BROKER_HEARTBEAT,
      (request) => {
        const cluster = request.requiredText('clusterName')
        const address = request.requiredText('brokerAddr')
        request.requiredText('brokerName')
        table.touch(cluster, address, clock.monotonic())
        return { code: ResponseCode.SUCCESS }
      },
    ],
  ]
}

/** `changed` tells the broker to register with all its topics. */
function queryDataVersion({ clock, table }: Needed, request: CommandView): Response {
  const cluster = request.requiredText('clusterName')
  const address = request.requiredText('brokerAddr')
  const asked = readBody(request)
  table.touch(cluster, address, clock.monotonic())
  const known = table.dataVersionOf(cluster, address)
  return {
    code: ResponseCode.SUCCESS,
    fields: { changed: known === undefined || asked === undefined || !sameDataVersion(known, asked) },
    body: known && encodeJson(known),
  }
}

function readBody(request: CommandView): DataVersionFields | undefined {
  if (request.bodyLength === 0) return undefined
  try {
    return readDataVersion(asObject(parseJsonBytes(request.body()), 'data version'))
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof JsonFieldError)) throw error
    throw new RequestError(ResponseCode.SYSTEM_ERROR, `cannot read the data version: ${error.message}`, {
      cause: error,
    })
  }
}
