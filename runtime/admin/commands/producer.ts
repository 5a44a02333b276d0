import { asObject, integerField, listField, objectField, textField } from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required } from '../command.ts'
import { compareTexts } from '../message-queue.ts'

export const command: AdminCommand = {
  name: 'producer',
  summary: "Query producer's instances, connection, status, etc.",
  options: [required('b', 'broker', 'broker address')],
  async run({ client, options, print }) {
    const body = await client.callForObject(options.required('b'), { code: RequestCode.GET_ALL_PRODUCER_INFO })
    const groups = objectField(body, 'data') ?? {}
    for (const group of Object.keys(groups).sort(compareTexts)) {
      const producers = (listField(groups, group) ?? []).map((value) => asObject(value, group))
      if (producers.length === 0) print(`producer group (${group}) instances are empty\n`)
      for (const producer of producers) print(`producer group (${group}) instance : ${producerText(producer)}\n`)
    }
  },
}

function producerText(producer: JsonObject): string {
  const text = (name: string) => textField(producer, name) ?? 'null'
  const lastUpdate = integerField(producer, 'lastUpdateTimestamp') ?? 0
  return `clientId=${text('clientId')},remoteIP=${text('remoteIP')}, language=${text('language')}, version=${text('version')}, lastUpdateTimestamp=${lastUpdate}`
}
