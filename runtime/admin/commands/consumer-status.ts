import { join } from 'node:path'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { type AdminCommand, flag, required, value } from '../command.ts'
import { processQueueWarnings, runningInfoText, sameSubscriptions } from '../consumer-running-info.ts'
import { consumerConnection, consumerRunningInfo } from '../consumers.ts'
import { versionName } from '../java-text.ts'
import { row } from '../table.ts'
import { onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'consumerStatus',
  summary: "Query consumer's internal data structure.",
  options: [
    required('g', 'consumerGroup', 'consumer group name'),
    value('i', 'clientId', "The consumer's client id"),
    value('b', 'brokerAddr', 'broker address'),
    flag('s', 'jstack', 'Run jstack command in the consumer progress'),
  ],
  async run(context) {
    const { client, options, print } = context
    const group = options.required('g')
    const jstack = options.has('s')
    const clientId = options.text('i')
    if (clientId !== undefined) {
      print(runningInfoText(await consumerRunningInfo(client, group, clientId, jstack)))
      return
    }
    const { connections } = await consumerConnection(client, group, options.text('b'))
    const versions = new Map(connections.map((connection) => [connection.clientId, connection.version]))
    const infos = new Map<string, JsonObject>()
    const folder = String(context.clock.now())
    print(row(FORMAT, '#Index', '#ClientId', '#Version', '#ConsumerRunningInfoFile'))
    await onEach(context, [...versions.keys()], async (id) => {
      const info = await consumerRunningInfo(client, group, id, jstack)
      infos.set(id, info)
      const file = join(folder, id)
      context.disk.writeFile(join(context.workingFolder, file), Buffer.from(runningInfoText(info)))
      print(row(FORMAT, infos.size, id, versionName(versions.get(id) ?? 0), file))
    })
    if (infos.size > 0) print(verdict(infos, context.clock.now()))
  },
}

const FORMAT = '%-10s %-40s %-20s %s%n'

function verdict(infos: ReadonlyMap<string, JsonObject>, nowMs: number): string {
  if (!sameSubscriptions([...infos.values()], nowMs)) {
    return '\n\nWARN: Different subscription in the same group of consumer!!!'
  }
  const warnings = Array.from(infos, ([id, info]) => processQueueWarnings(id, info, nowMs)).join('')
  return `\n\nSame subscription in the same group of consumer\n\nRebalance OK\n${warnings}`
}
