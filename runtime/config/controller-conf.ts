import type { Disk } from '../io/disk.ts'
import { innerCredentialsKeys } from './broker-conf/auth.ts'
import { clientKeys, serverKeys } from './broker-conf/network.ts'
import { checkQuorum } from './check-quorum.ts'
import {
  accepted,
  type Conf,
  type ConfEnv,
  derived,
  implemented,
  int,
  list,
  long,
  MS,
  optionalPath,
  PORT,
  path,
} from './conf-key.ts'
import { type ConfResult, type ConfTable, parseConf, printConf } from './conf-table.ts'
import { parsePeers } from './controller-peers.ts'
import { LiveConf } from './live-conf.ts'
import { controller } from './namesrv-conf/controller.ts'

const files = {
  title: 'Files and administration',
  about: 'Where changes go, and which are allowed.',
  keys: {
    ...implemented({
      rocketmqHome: optionalPath(
        'Folder of the installation.',
        derived('$ROCKETMQ_HOME', (env) => env.rocketmqHome),
      ),
      configStorePath: path(
        derived('~/controller/controller.properties', (env) => `${env.home}/controller/controller.properties`),
        'File that configuration changes are saved to, if the controller was started without a conf file.',
      ),
      configBlackList: list(
        ';',
        ['configBlackList', 'configStorePath'],
        'Keys that UPDATE_CONTROLLER_CONFIG refuses to change.',
      ),
    }),
    ...accepted({
      scanNotActiveBrokerInterval: long(
        5000,
        'How often to look for silent brokers. Here their silence is noticed as soon as their timeout is over.',
        MS,
      ),
    }),
  },
}

const network = {
  title: 'Network',
  about: 'Connections of brokers and other controllers.',
  keys: {
    ...accepted({
      listenPort: int(
        derived('the port of the own peer', (_, get) =>
          portOfSelf(get('controllerDLegerPeers'), get('controllerDLegerSelfId')),
        ),
        'Port; it is that of the own peer, whatever stands here.',
        PORT,
      ),
    }),
    ...serverKeys,
  },
}

const outgoing = {
  title: 'Outgoing connections',
  about: 'Connections to brokers.',
  printedIfSet: true,
  keys: { ...clientKeys, ...innerCredentialsKeys },
}

const controllerKeys = { ...controller.keys, ...files.keys, ...network.keys, ...outgoing.keys }

/** What controller.conf holds: the keys of Apache RocketMQ 5.5's ControllerConfig, JraftConfig, NettyServerConfig and NettyClientConfig. */
export type ControllerConf = Conf<typeof controllerKeys>

export const controllerTable: ConfTable<typeof controllerKeys> = {
  name: 'controller.conf',
  sections: [controller, files, network, outgoing],
  keys: controllerKeys,
  settle: (conf) => ({ conf, ...checkQuorum(conf) }),
}

export function parseControllerConf(text: string, file: string, env: ConfEnv): ConfResult<ControllerConf> {
  return parseConf(controllerTable, text, file, env)
}

/** The body of a GET_CONTROLLER_CONFIG response; see {@link printConf}. */
export function printControllerConf(conf: ControllerConf): string {
  return printConf(controllerTable, conf)
}

/** A running controller's configuration, for GET_CONTROLLER_CONFIG and UPDATE_CONTROLLER_CONFIG. */
export type LiveControllerConf = LiveConf<typeof controllerKeys>

/** `file`: where changes are saved. */
export function liveControllerConf(options: {
  readonly conf: ControllerConf
  readonly env: ConfEnv
  readonly disk: Disk
  readonly file: string
}): LiveControllerConf {
  const secrets = Object.keys(innerCredentialsKeys)
  const blackList = [...secrets, 'configBlackList', 'configStorePath', 'rocketmqHome', ...options.conf.configBlackList]
  return new LiveConf({ ...options, table: controllerTable, blackList: [...new Set(blackList)] })
}

/** Where a controller listens; 0 if it is not among its peers. */
export function portOfSelf(peers: unknown, selfId: unknown): number {
  if (typeof peers !== 'string') return 0
  const self = parsePeers(peers).peers.find((peer) => peer.id === selfId)
  return self === undefined ? 0 : Number(self.address.slice(self.address.lastIndexOf(':') + 1))
}
