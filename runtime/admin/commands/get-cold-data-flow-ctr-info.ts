import { asObject, integerField, objectField } from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, value } from '../command.ts'
import { humanSeconds } from '../java-text.ts'
import { onEachReplica } from '../replica-targets.ts'

export const command: AdminCommand = {
  name: 'getColdDataFlowCtrInfo',
  summary: 'Get cold data flow ctr info.',
  options: [value('b', 'brokerAddr', 'get from which broker'), value('c', 'clusterName', 'get from which cluster')],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  run: (context) =>
    onEachReplica(context, async (address, title) => {
      const info = await context.client.callForObject(address, { code: RequestCode.GET_COLD_DATA_FLOW_CTR_INFO })
      context.print(`${title}${JSON.stringify(readable(info), undefined, '\t').replaceAll('": ', '":')}\n`)
    }),
}

/** Times as people read them, where the official tool puts them: last. */
function readable(info: JsonObject): JsonObject {
  const groups = Object.entries(objectField(info, 'runtimeTable') ?? {}).map(([group, value]) => {
    const { lastColdReadTimeMills, createTimeMills, ...rest } = asObject(value, 'runtimeTable')
    const time = (name: string) => humanSeconds(integerField(asObject(value, 'runtimeTable'), name) ?? 0)
    return [
      group,
      { ...rest, lastColdReadTimeFormat: time('lastColdReadTimeMills'), createTimeFormat: time('createTimeMills') },
    ] as const
  })
  return { ...info, runtimeTable: Object.fromEntries(groups) }
}
