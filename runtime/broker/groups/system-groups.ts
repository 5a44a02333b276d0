/*
 * Consumer groups that exist on every broker or have a meaning of their own (`MixAll`).
 */

/** Groups of the brokers' own machinery: created by use even where others are not. */
export const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_'

/** In the table from the start. */
export const PREDEFINED_GROUPS: readonly string[] = [
  'TOOLS_CONSUMER',
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  'CID_RMQ_SYS_TRANS',
]

/** Groups that are no application's. */
const OTHERS: ReadonlySet<string> = new Set([
  ...PREDEFINED_GROUPS,
  'DEFAULT_CONSUMER',
  'SCHEDULE_CONSUMER',
  '__MONITOR_CONSUMER',
])

/** Whether a group is none of an application (isSysConsumerGroupPullMessage). */
export function isSystemGroup(group: string): boolean {
  return OTHERS.has(group) || group.startsWith(SYSTEM_GROUP_PREFIX)
}
