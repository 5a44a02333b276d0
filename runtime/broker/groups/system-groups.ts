/*
 * Consumer groups that exist on every broker or have a meaning of their own (`MixAll`).
 */

export const TOOLS_CONSUMER_GROUP = 'TOOLS_CONSUMER'
export const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_'

/** In the table from the start. */
export const PREDEFINED_GROUPS: readonly string[] = [
  TOOLS_CONSUMER_GROUP,
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  'CID_RMQ_SYS_TRANS',
]

const SYSTEM_GROUPS: ReadonlySet<string> = new Set([
  ...PREDEFINED_GROUPS,
  'DEFAULT_CONSUMER',
  'SCHEDULE_CONSUMER',
  '__MONITOR_CONSUMER',
])

/** Groups of tools and of the broker itself: their traffic is not counted as consumption. */
export function isSystemGroup(group: string): boolean {
  return SYSTEM_GROUPS.has(group) || group.startsWith(SYSTEM_GROUP_PREFIX)
}
