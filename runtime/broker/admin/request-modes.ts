import { asObject, integerField, JsonFieldError, objectField, textField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { encodeJson, formatJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { Persisted } from '../metadata/persisted.ts'
import { readBody } from '../metadata/request-body.ts'
import { saveNow } from '../metadata/save-now.ts'
import { StateFile } from '../metadata/state-file.ts'
import { RETRY_TOPIC_PREFIX } from '../topics/topic-name.ts'
import type { TopicTable } from '../topics/topic-table.ts'

/** Whether a group pulls or pops a topic (`SetMessageRequestModeRequestBody`). */
export interface RequestMode {
  readonly topic: string
  readonly consumerGroup: string
  readonly mode: string
  readonly popShareQueueNum: number
}

/** How groups are to get their messages where the broker shares out the queues, by topic and group. */
export class RequestModes {
  readonly state: Persisted
  readonly #file: StateFile
  readonly #modes = new Map<string, Map<string, RequestMode>>()

  /** @param path `<storePathRootDir>/config/messageRequestMode.json` */
  constructor(disk: Disk, path: string, logger: Logger) {
    this.#file = new StateFile(disk, path, logger)
    this.state = new Persisted(this.#file, () => formatJson(this.content()), logger)
  }

  /** @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => this.#take(readModes(content)))
  }

  set(mode: RequestMode): void {
    const ofTopic = this.#modes.get(mode.topic) ?? new Map<string, RequestMode>()
    this.#modes.set(mode.topic, ofTopic.set(mode.consumerGroup, mode))
  }

  find(topic: string, group: string): RequestMode | undefined {
    return this.#modes.get(topic)?.get(group)
  }

  /** A slave takes over its master's table. @throws JsonFieldError */
  replaceAll(content: JsonValue): void {
    this.#take(readModes(content))
    this.state.markChanged()
  }

  content(): object {
    return { messageRequestModeMap: this.#modes }
  }

  #take(modes: readonly RequestMode[]): void {
    this.#modes.clear()
    for (const mode of modes) this.set(mode)
  }
}

export interface RequestModeDeps {
  readonly modes: RequestModes
  readonly topics: Pick<TopicTable, 'find'>
  readonly groups: Pick<SubscriptionGroupTable, 'find'>
}

/** SET_MESSAGE_REQUEST_MODE and GET_ALL_MESSAGE_REQUEST_MODE. */
export function registerRequestModes(server: HandlerRegistry, deps: RequestModeDeps): void {
  server.handle(RequestCode.SET_MESSAGE_REQUEST_MODE, (request) => setMode(deps, request))
  server.handle(RequestCode.GET_ALL_MESSAGE_REQUEST_MODE, () => ({
    code: ResponseCode.SUCCESS,
    body: encodeJson(deps.modes.content()),
  }))
}

function setMode(deps: RequestModeDeps, request: CommandView): Response {
  const mode = readBody(request, readMode)
  if (mode.topic.startsWith(RETRY_TOPIC_PREFIX)) {
    return { code: ResponseCode.NO_PERMISSION, remark: 'retry topic is not allowed to set mode' }
  }
  if (!deps.topics.find(mode.topic)) {
    return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `topic[${mode.topic}] not exist` }
  }
  if (!deps.groups.find(mode.consumerGroup)) {
    return { code: ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark: 'subscription group does not exist' }
  }
  deps.modes.set(mode)
  saveNow(deps.modes.state)
  return { code: ResponseCode.SUCCESS }
}

function readModes(content: JsonValue): RequestMode[] {
  const map = objectField(asObject(content, 'request modes'), 'messageRequestModeMap') ?? {}
  return Object.entries(map).flatMap(([topic, groups]) => Object.values(asObject(groups, topic)).map(readMode))
}

function readMode(value: JsonValue): RequestMode {
  const object = asObject(value, 'request mode')
  const topic = textField(object, 'topic')
  const consumerGroup = textField(object, 'consumerGroup')
  const mode = textField(object, 'mode') ?? 'PULL'
  if (topic === undefined || consumerGroup === undefined) {
    throw new JsonFieldError('a request mode needs topic and consumerGroup')
  }
  if (mode !== 'PULL' && mode !== 'POP') throw new JsonFieldError(`mode is "${mode}", expected PULL or POP`)
  return { topic, consumerGroup, mode, popShareQueueNum: integerField(object, 'popShareQueueNum') ?? 0 }
}
