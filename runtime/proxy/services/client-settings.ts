import type { ProxyConf } from '../../config/proxy-conf.ts'
import { DEFAULT_GROUP_SETTINGS, type GroupSettings } from '../brokers/group-settings.ts'
import { AddressScheme, type RetryPolicyDraft, type Settings, type SettingsDraft } from '../wire/definition.ts'
import { fromMs } from '../wire/time-types.ts'

/** What a client is told in answer to its settings (source: GrpcClientSettingsManager). */
export function settingsFor(given: Settings, group: GroupSettings | undefined, conf: ProxyConf): SettingsDraft {
  const metric = metricFor(given, conf)
  if (given.publishing !== undefined) {
    return {
      ...given,
      metric,
      backoffPolicy: producerBackoff(conf),
      publishing: {
        ...given.publishing,
        validateMessageType: conf.enableTopicMessageTypeCheck,
        maxBodySize: conf.maxMessageSize,
      },
    }
  }
  const settings = group ?? DEFAULT_GROUP_SETTINGS
  return {
    ...given,
    metric,
    backoffPolicy: consumerBackoff(settings),
    subscription: {
      ...given.subscription,
      fifo: settings.isOrdered,
      receiveBatchSize: conf.grpcClientConsumerLongPollingBatchSize,
      longPollingTimeout: fromMs(conf.grpcClientConsumerMaxLongPollingTimeoutMillis),
      liteSubscriptionQuota: settings.liteQuota,
      maxLiteTopicSize: conf.maxLiteTopicSize,
    },
  }
}

/** How often a message is delivered to a group before it is a dead letter. */
export function attemptsMax(group: GroupSettings | undefined): number {
  return (group ?? DEFAULT_GROUP_SETTINGS).retryMaxTimes + 1
}

function producerBackoff(conf: ProxyConf): RetryPolicyDraft {
  return {
    maxAttempts: conf.grpcClientProducerMaxAttempts,
    exponentialBackoff: {
      initial: fromMs(conf.grpcClientProducerBackoffInitialMillis),
      max: fromMs(conf.grpcClientProducerBackoffMaxMillis),
      multiplier: conf.grpcClientProducerBackoffMultiplier,
    },
  }
}

function consumerBackoff(group: GroupSettings): RetryPolicyDraft {
  const maxAttempts = attemptsMax(group)
  const { retryPauses } = group
  if (retryPauses.kind === 'customized') {
    return { maxAttempts, customizedBackoff: { next: retryPauses.nextMs.map(fromMs) } }
  }
  const { initialMs, maxMs, multiplier } = retryPauses
  return { maxAttempts, exponentialBackoff: { initial: fromMs(initialMs), max: fromMs(maxMs), multiplier } }
}

function metricFor({ accessPoint }: Settings, conf: ProxyConf): NonNullable<SettingsDraft['metric']> {
  switch (conf.metricCollectorMode) {
    case 'off':
      return { on: false }
    case 'proxy':
      return { on: true, endpoints: accessPoint }
    case 'on': {
      const colon = conf.metricCollectorAddress.lastIndexOf(':')
      const host = conf.metricCollectorAddress.slice(0, colon)
      const port = Number(conf.metricCollectorAddress.slice(colon + 1))
      return { on: true, endpoints: { scheme: AddressScheme.ipv4, addresses: [{ host, port }] } }
    }
  }
}
