import type { ClientEffect, RolloutWait } from './rollout.ts'

const about = (ms: number): string => (ms >= 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1000)} s`)

const handOverWords = (lasts: 'seconds' | 'untilRoutes' | undefined): string => {
  if (lasts === undefined) return 'wait while its role of master changes hands, below 1 s'
  return lasts === 'seconds'
    ? 'wait, and some may fail, while its role of master changes hands to a replica of Apache, for 1 to 10 s'
    : 'fail from the change of its master on until clients ask for routes again, up to 30 s; producers use the other groups'
}

/** What clients see, in words; '' for nothing. */
export const describeEffect = (effect: ClientEffect): string => {
  switch (effect.kind) {
    case 'none':
      return ''
    case 'handOver':
      return `sends to ${effect.group} ${handOverWords(effect.lasts)}`
    case 'writesPaused':
      return `${effect.group} takes no writes, for about ${about(effect.aboutMs)}; producers use the other groups`
    case 'readsFromSlaves':
      return `consumers read ${effect.group} from its slaves`
    case 'groupUnavailable':
      return `${effect.group} is away, for about ${about(effect.aboutMs)}; clients use the other groups`
  }
}

export const describeWait = (wait: RolloutWait): string => {
  switch (wait.kind) {
    case 'healthy':
      return `${wait.nodeId} answers`
    case 'registered':
      return `${wait.nodeId} is registered with its NameServers`
    case 'inSyncStateSet':
      return `${wait.nodeId} is in the SyncStateSet`
    case 'caughtUp':
      return `${wait.nodeId} has all that its master has`
    case 'routesRenewed':
      return `clients of ${wait.group} know the new route${wait.ifHandedOver ? ' if it has changed' : ''}`
    case 'otherGroupKnown':
      return `clients know another group than ${wait.group} that takes writes`
    case 'controllersAgree':
      return 'the controllers agree on a leader'
  }
}

/** Several waits in one clause; '' for none. */
export const describeWaits = (waits: readonly RolloutWait[]): string => waits.map(describeWait).join(', ')
