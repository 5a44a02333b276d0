import { asObject, listField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { AttributeError } from '../attributes/attribute.ts'
import { readSubscriptionGroup, type SubscriptionGroupConfig } from '../groups/subscription-group.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import { liteGroupOf } from '../lite/lite-group.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { readBody } from '../metadata/request-body.ts'
import { saveNow } from '../metadata/save-now.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import { groupNameProblem } from '../topics/topic-name.ts'
import { requestedPage } from '../topics/topic-page.ts'

export interface GroupAdminDeps {
  readonly groups: SubscriptionGroupTable
  readonly offsets: ConsumerOffsets
  readonly stats: BrokerStats
  readonly settings: Current<{ readonly enableSplitMetadata: boolean; readonly splitMetadataSize: number }>
}

/** Which bit of a group's forbidden access means "may not read" (`PermName.INDEX_PERM_READ`). */
const FORBIDDEN_READ_BIT = 2

/** Creating, changing, deleting and listing consumer groups. */
export function registerGroupAdmin(server: HandlerRegistry, deps: GroupAdminDeps): void {
  server.handle(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, (request) =>
    update(deps, [readBody(request, readSubscriptionGroup)]),
  )
  server.handle(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, (request) =>
    update(deps, readBody(request, readGroupList)),
  )
  server.handle(RequestCode.DELETE_SUBSCRIPTIONGROUP, (request) => deleteGroup(deps, request))
  server.handle(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, (request) => getGroup(deps, request))
  server.handle(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, (request) => getAllGroups(deps, request))
  server.handle(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, (request) => forbidden(deps, request))
}

function readGroupList(content: JsonValue): SubscriptionGroupConfig[] {
  return (listField(asObject(content, 'group list'), 'groupConfigList') ?? []).map(readSubscriptionGroup)
}

function update(deps: GroupAdminDeps, requested: readonly SubscriptionGroupConfig[]): Response {
  for (const { groupName } of requested) {
    const problem = groupNameProblem(groupName)
    if (problem !== undefined) return { code: ResponseCode.INVALID_PARAMETER, remark: problem }
  }
  try {
    deps.groups.update(requested)
  } catch (error) {
    if (!(error instanceof AttributeError)) throw error
    throw new RequestError(ResponseCode.SYSTEM_ERROR, error.message, { cause: error })
  }
  saveNow(deps.groups.state)
  return { code: ResponseCode.SUCCESS }
}

/** A group that does not exist is as good as deleted. */
function deleteGroup(deps: GroupAdminDeps, request: CommandView): Response {
  const group = request.requiredText('groupName')
  // Of a group of lite topics there may be thousands of offsets, which nobody would find again.
  const isLite = liteGroupOf(deps.groups.get(group)) !== undefined
  deps.groups.delete(group)
  deps.stats.onGroupDeleted(group)
  saveNow(deps.groups.state)
  if (request.flagField('cleanOffset') || isLite) {
    deps.offsets.removeGroup(group)
    saveNow(deps.offsets.state)
  }
  return { code: ResponseCode.SUCCESS }
}

/** Asking for a group creates it where groups are created by use, as with Apache RocketMQ. */
function getGroup(deps: GroupAdminDeps, request: CommandView): Response {
  const config = deps.groups.find(request.requiredText('group'))
  if (!config) return { code: ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark: 'No group in this broker' }
  return { code: ResponseCode.SUCCESS, body: encodeJson(config) }
}

function getAllGroups(deps: GroupAdminDeps, request: CommandView): Response {
  const { groups } = deps
  const { enableSplitMetadata, splitMetadataSize } = deps.settings.current
  const names = Array.from(groups.all(), (config) => config.groupName)
  const fields = { start: 'groupSeq', max: 'maxGroupNum' }
  const page = enableSplitMetadata
    ? requestedPage(request, fields, names, groups.dataVersion, splitMetadataSize)
    : undefined
  const body = encodeJson(groups.content(page?.map((name) => groups.get(name)!)))
  return { code: ResponseCode.SUCCESS, fields: { totalGroupNum: groups.size }, body }
}

function forbidden(deps: GroupAdminDeps, request: CommandView): Response {
  const group = request.requiredText('group')
  const topic = request.requiredText('topic')
  const readable = request.flagField('readable')
  if (readable !== undefined) {
    deps.groups.setForbidden(group, topic, FORBIDDEN_READ_BIT, !readable)
    saveNow(deps.groups.state)
  }
  const isReadable = !deps.groups.isForbidden(group, topic, FORBIDDEN_READ_BIT)
  return { code: ResponseCode.SUCCESS, remark: '', body: encodeJson({ group, topic, readable: isReadable }) }
}
