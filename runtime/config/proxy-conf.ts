import { auth } from './broker-conf/auth.ts'
import type { Conf, ConfEnv } from './conf-key.ts'
import type { ConfResult, ConfTable } from './conf-table.ts'
import { printConf } from './conf-table.ts'
import { delayLevelsMs } from './delay-levels.ts'
import { parseJsonConf } from './json-conf.ts'
import { metrics, names, remotingPort, threadPools } from './proxy-conf/idle.ts'
import { caches, consuming, messages, settings, transactions } from './proxy-conf/messaging.ts'
import { cluster, own, server, tls } from './proxy-conf/serving.ts'

const sections = [
  ...[cluster, server, own, tls, messages, consuming, settings, caches, transactions, names, remotingPort, metrics],
  ...[
    threadPools,
    {
      ...auth,
      about:
        'Who may connect and do what, and in whose name the proxy asks brokers: [acl.md](../acl.md#proxies). In local mode the keys of broker.conf count.',
    },
  ],
]

const proxyKeys = {
  ...auth.keys,
  ...cluster.keys,
  ...server.keys,
  ...own.keys,
  ...tls.keys,
  ...messages.keys,
  ...consuming.keys,
  ...settings.keys,
  ...caches.keys,
  ...transactions.keys,
  ...names.keys,
  ...remotingPort.keys,
  ...metrics.keys,
  ...threadPools.keys,
}

/** What rmq-proxy.json holds: the keys of Apache RocketMQ 5.5's ProxyConfig and AuthConfig, and a few of our own. */
export type ProxyConf = Conf<typeof proxyKeys>

export const proxyTable: ConfTable<typeof proxyKeys> = {
  name: 'rmq-proxy.json',
  sections,
  keys: proxyKeys,
  settle: (conf) => ({ conf, warnings: [], errors: problems(conf) }),
}

export function parseProxyConf(
  text: string,
  file: string,
  env: ConfEnv,
  commandLine: Readonly<Record<string, string>> = {},
): ConfResult<ProxyConf> {
  return parseJsonConf(proxyTable, text, file, env, commandLine)
}

export function printProxyConf(conf: ProxyConf): string {
  return printConf(proxyTable, conf)
}

function problems(conf: ProxyConf): string[] {
  const errors: string[] = []
  if (conf.namesrvAddr.length === 0 && conf.proxyMode === 'CLUSTER') {
    errors.push(
      'namesrvAddr is not set: give the name servers there, with -n or in NAMESRV_ADDR, for example 10.0.0.1:9876',
    )
  }
  if (conf.grpcServerPort === conf.remotingListenPort && conf.grpcServerPort !== 0) {
    errors.push(`grpcServerPort and remotingListenPort are both ${conf.grpcServerPort}: give one of them another`)
  }
  const delays = delayLevelsMs(conf.messageDelayLevel)
  if ('wrong' in delays) {
    errors.push(`messageDelayLevel: "${delays.wrong}" is no delay such as 10s, 5m, 2h or 1d`)
  }
  const [shortest, longest] = [
    conf.grpcClientConsumerMinLongPollingTimeoutMillis,
    conf.grpcClientConsumerMaxLongPollingTimeoutMillis,
  ]
  if (shortest > longest) {
    errors.push(
      `grpcClientConsumerMinLongPollingTimeoutMillis = ${shortest} is more than grpcClientConsumerMaxLongPollingTimeoutMillis = ${longest}`,
    )
  }
  for (const [key, value] of [
    ...conf.advertisedEndpoints.map((endpoint) => ['advertisedEndpoints', endpoint] as const),
    ...(conf.metricCollectorMode === 'on' ? [['metricCollectorAddress', conf.metricCollectorAddress] as const] : []),
    ...conf.namesrvAddr.map((address) => ['namesrvAddr', address] as const),
  ]) {
    if (!/^(\[[^\]]+\]|[^:\s]+):\d{1,5}$/.test(value)) errors.push(`${key} = "${value}": expected host:port`)
  }
  return errors
}
