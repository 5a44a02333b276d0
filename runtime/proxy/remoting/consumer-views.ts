import { asObject, listField, objectField, textField, textListField } from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'

/*
 * What brokers say of the consumers of a group, put together: a consumer that is not behind a proxy is known only to brokers
 * that have its topics.
 */

/** GET_CONSUMER_LIST_BY_GROUP: the ids that any of them knows. */
export function mergedConsumerList(answers: readonly Response[]): Response {
  return merged(answers, (bodies) => {
    const ids = new Set(bodies.flatMap((body) => textListField(body, 'consumerIdList') ?? []))
    return { consumerIdList: [...ids].sort() }
  })
}

/** GET_CONSUMER_CONNECTION_LIST: each client once, and all subscriptions. */
export function mergedConnections(answers: readonly Response[]): Response {
  return merged(answers, (bodies) => {
    const connections = new Map<string, JsonObject>()
    let subscriptionTable: JsonObject = {}
    for (const body of bodies) {
      for (const item of listField(body, 'connectionSet') ?? []) {
        const connection = asObject(item, 'connectionSet')
        const id = textField(connection, 'clientId') ?? ''
        if (!connections.has(id)) connections.set(id, connection)
      }
      subscriptionTable = { ...subscriptionTable, ...objectField(body, 'subscriptionTable') }
    }
    return { ...bodies[0], connectionSet: [...connections.values()], subscriptionTable }
  })
}

/** The first refusal when no broker knows the group. */
function merged(answers: readonly Response[], merge: (bodies: readonly JsonObject[]) => object): Response {
  const bodies = answers.flatMap(({ code, body }) =>
    code === ResponseCode.SUCCESS && body !== undefined
      ? [asObject(parseJsonBytes(Buffer.from(body)), 'consumers')]
      : [],
  )
  if (bodies.length > 0) return { code: ResponseCode.SUCCESS, body: encodeJson(merge(bodies) as never) }
  return answers[0] ?? { code: ResponseCode.SYSTEM_ERROR, remark: 'no broker answers' }
}
