import type { Disk } from '../io/disk.ts'
import { innerCredentialsKeys } from './broker-conf/auth.ts'
import { clientKeys, serverKeys } from './broker-conf/network.ts'
import { checkQuorum } from './check-quorum.ts'
import { type Conf, type ConfEnv, type ConfValue, implemented, int, PORT } from './conf-key.ts'
import { type ConfResult, type ConfTable, parseConf, printConf, withDefaults } from './conf-table.ts'
import { type ControllerConf, controllerTable, portOfSelf } from './controller-conf.ts'
import { LiveConf } from './live-conf.ts'
import { controller as controllerSection } from './namesrv-conf/controller.ts'
import { namesrv } from './namesrv-conf/namesrv.ts'

const network = {
  title: 'Network',
  about: 'Port and connections.',
  keys: { ...implemented({ listenPort: int(9876, 'Port; 0 for any free one.', PORT) }), ...serverKeys },
}

const outgoing = {
  title: 'Outgoing connections',
  about: 'Connections to brokers.',
  printedIfSet: true,
  keys: { ...clientKeys, ...innerCredentialsKeys },
}

const controller = {
  ...controllerSection,
  about: 'The controller that enableControllerInNamesrv runs; see also controller.conf.',
  printedIfSet: true,
}

const namesrvKeys = { ...namesrv.keys, ...outgoing.keys, ...network.keys, ...controller.keys }

/**
 * What namesrv.conf holds: the keys of Apache RocketMQ 5.5's NamesrvConfig, NettyServerConfig and NettyClientConfig, and
 * those of ControllerConfig and JraftConfig, for enableControllerInNamesrv.
 */
export type NamesrvConf = Conf<typeof namesrvKeys>

export const namesrvTable: ConfTable<typeof namesrvKeys> = {
  name: 'namesrv.conf',
  sections: [namesrv, network, outgoing, controller],
  keys: namesrvKeys,
  settle: (conf, given) => ({ conf, ...checkController(conf, given) }),
}

/**
 * Reads a name server's conf file; see {@link parseConf}. Started with a conf file, a name server saves changes there:
 * pass its absolute path as `configStorePath` in `commandLine`, as Apache RocketMQ does.
 */
export function parseNamesrvConf(
  text: string,
  file: string,
  env: ConfEnv,
  commandLine: Readonly<Record<string, string>> = {},
): ConfResult<NamesrvConf> {
  return parseConf(namesrvTable, text, file, env, commandLine)
}

export function printNamesrvConf(conf: NamesrvConf): string {
  return printConf(namesrvTable, conf)
}

/** A running name server's configuration, for GET_NAMESRV_CONFIG and UPDATE_NAMESRV_CONFIG. */
export type LiveNamesrvConf = LiveConf<typeof namesrvKeys>

export function liveNamesrvConf(options: {
  readonly conf: NamesrvConf
  readonly env: ConfEnv
  readonly disk: Disk
  readonly onChanged: () => void
}): LiveNamesrvConf {
  const { conf } = options
  const secrets = Object.keys(innerCredentialsKeys)
  const blackList = [
    ...secrets,
    'configBlackList',
    'configStorePath',
    'kvConfigPath',
    'rocketmqHome',
    ...conf.configBlackList,
  ]
  return new LiveConf({
    ...options,
    table: namesrvTable,
    file: conf.configStorePath,
    blackList: [...new Set(blackList)],
  })
}

/** Keys of both conf files that mean another thing in each. */
const OWN_MEANING: ReadonlySet<string> = new Set([
  ...['listenPort', 'configStorePath', 'configBlackList', 'scanNotActiveBrokerInterval'],
])

/** The configuration of the controller that a name server runs beside itself. */
export function embeddedControllerConf(conf: NamesrvConf, env: ConfEnv): ControllerConf {
  const all = Object.entries<ConfValue>(conf)
  const shared = all.filter(([key]) => Object.hasOwn(controllerTable.keys, key) && !OWN_MEANING.has(key))
  return withDefaults(controllerTable.keys, new Map(shared), env)
}

const QUORUM_KEYS = ['controllerDLegerGroup', 'controllerDLegerPeers', 'controllerDLegerSelfId']

function checkController(conf: NamesrvConf, given: ReadonlySet<string>) {
  if (conf.enableControllerInNamesrv) {
    const { errors, warnings } = checkQuorum(conf)
    const port = portOfSelf(conf.controllerDLegerPeers, conf.controllerDLegerSelfId)
    if (errors.length > 0 || port !== conf.listenPort) return { errors, warnings }
    const remark = `controllerDLegerPeers gives the controller port ${port}, which is the name server's listenPort: it needs one of its own`
    return { errors: [remark], warnings }
  }
  const idle = QUORUM_KEYS.filter((key) => given.has(key))
  const warnings = idle.length === 0 ? [] : [`${idle.join(', ')}: no effect without enableControllerInNamesrv=true`]
  return { errors: [], warnings }
}
