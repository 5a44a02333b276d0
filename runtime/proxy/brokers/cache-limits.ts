import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { CacheLimits } from './refreshing-cache.ts'

/** How long what was asked of name servers and brokers is remembered, and how much of it. */
export function cacheLimits(conf: ProxyConf): Readonly<Record<'routes' | 'types' | 'groups', CacheLimits>> {
  const limits = (refreshSeconds: number, expiredSeconds: number, sizeMax: number): CacheLimits => ({
    refreshMs: refreshSeconds * 1000,
    expireMs: expiredSeconds * 1000,
    sizeMax,
  })
  return {
    routes: limits(
      conf.topicRouteServiceCacheRefreshSeconds,
      conf.topicRouteServiceCacheExpiredSeconds,
      conf.topicRouteServiceCacheMaxNum,
    ),
    types: limits(
      conf.topicConfigCacheRefreshSeconds,
      conf.topicConfigCacheExpiredSeconds,
      conf.topicConfigCacheMaxNum,
    ),
    groups: limits(
      conf.subscriptionGroupConfigCacheRefreshSeconds,
      conf.subscriptionGroupConfigCacheExpiredSeconds,
      conf.subscriptionGroupConfigCacheMaxNum,
    ),
  }
}
