import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type BrokerConf, changeBrokerConf, printBrokerConf } from '../../config/broker-conf.ts'
import type { ConfEnv } from '../../config/conf-key.ts'
import { decodeProperties, parseProperties, updatePropertiesFile } from '../../config/properties-file.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Channel } from '../../net/channel.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'
import { DataVersion } from '../metadata/data-version.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { TopicTable } from '../topics/topic-table.ts'

export interface BrokerConfigDeps {
  readonly conf: Current<BrokerConf>
  readonly env: ConfEnv
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
  readonly topics: Pick<TopicTable, 'nextVersion' | 'state'>
  /** Where changes are kept: the conf file the broker was started with. */
  readonly confFile: string
  /** Puts changed values in force. */
  readonly apply: (values: Partial<BrokerConf>) => void
  /** The name servers are to be told at once. */
  readonly registerNow: () => void
}

/** What the name servers are told of, or which they are. */
const REGISTERED = ['brokerPermission', 'namesrvAddr']

/** GET_BROKER_CONFIG and UPDATE_BROKER_CONFIG. */
export function registerBrokerConfig(server: HandlerRegistry, deps: BrokerConfigDeps): void {
  const version = new DataVersion(deps.clock.now())
  /** Values that were set and count from the next start on. */
  const pending = new Map<string, string>()
  server.handle(RequestCode.GET_BROKER_CONFIG, () => ({
    code: ResponseCode.SUCCESS,
    fields: { version: JSON.stringify(version.toJson()) },
    body: Buffer.from(printBrokerConf(deps.conf.current, pending)),
  }))
  server.handle(RequestCode.UPDATE_BROKER_CONFIG, (request, channel) => {
    const response = update(deps, pending, request, channel)
    if (response.code === ResponseCode.SUCCESS) version.next(deps.clock.now())
    return response
  })
}

/**
 * All keys of a request are changed, or none. Unlike Apache RocketMQ, which passes them over and answers success, unknown
 * keys and values that do not fit are refused.
 */
function update(
  deps: BrokerConfigDeps,
  pending: Map<string, string>,
  request: CommandView,
  channel: Pick<Channel, 'remoteText'>,
): Response {
  const { entries, faults } = parseProperties(decodeProperties(request.body()))
  const fault = faults[0]
  if (fault) return { code: ResponseCode.INVALID_PARAMETER, remark: `line ${fault.line}: ${fault.message}` }
  const changes = new Map(entries.map(({ key, value }) => [key, value]))
  const change = changeBrokerConf(deps.conf.current, changes, deps.env)
  if (!change.ok) {
    const code = change.reason === 'forbidden' ? ResponseCode.NO_PERMISSION : ResponseCode.INVALID_PARAMETER
    return { code, remark: change.message }
  }
  const isPermission = change.applied.includes('brokerPermission')
  try {
    // Apache's name servers look at the version of the topics alone: after a crash it may not be that of the former permission.
    if (isPermission) {
      deps.topics.nextVersion()
      deps.topics.state.save()
    }
    updatePropertiesFile(deps.disk, deps.confFile, changes)
  } catch (error) {
    const remark = `nothing changed: ${deps.confFile} or the topics' file cannot be written: ${String(error)}`
    return { code: ResponseCode.SYSTEM_ERROR, remark }
  }
  for (const key of change.afterRestart) pending.set(key, changes.get(key)!)
  deps.apply(Object.fromEntries(change.applied.map((key) => [key, change.conf[key as keyof BrokerConf]])))
  deps.logger.info({ changes: [...changes], caller: channel.remoteText }, 'configuration changed')
  if (REGISTERED.some((key) => change.applied.includes(key))) deps.registerNow()
  return { code: ResponseCode.SUCCESS, remark: change.remark }
}
