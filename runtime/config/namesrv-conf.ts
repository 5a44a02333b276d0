import { clientKeys, serverKeys } from './broker-conf/network.ts'
import { type ConfChange, changeConf } from './conf-change.ts'
import { type Conf, type ConfEnv, implemented, int, PORT } from './conf-key.ts'
import { type ConfResult, type ConfTable, parseConf, printConf, type Settled } from './conf-table.ts'
import { controller } from './namesrv-conf/controller.ts'
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
  keys: clientKeys,
}

const namesrvKeys = { ...namesrv.keys, ...clientKeys, ...network.keys, ...controller.keys }

/**
 * What namesrv.conf holds: the keys of Apache RocketMQ 5.5's NamesrvConfig, NettyServerConfig and NettyClientConfig, and
 * those of ControllerConfig and JraftConfig, for enableControllerInNamesrv.
 */
export type NamesrvConf = Conf<typeof namesrvKeys>

export const namesrvTable: ConfTable<typeof namesrvKeys> = {
  name: 'namesrv.conf',
  sections: [namesrv, network, outgoing, controller],
  keys: namesrvKeys,
  settle: (conf: NamesrvConf): Settled<NamesrvConf> => ({ conf, warnings: [], errors: [] }),
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

/** The body of a GET_NAMESRV_CONFIG response; see {@link printConf}. */
export function printNamesrvConf(conf: NamesrvConf, pending?: ReadonlyMap<string, string>): string {
  return printConf(namesrvTable, conf, pending)
}

/** Works out an UPDATE_NAMESRV_CONFIG; see {@link changeConf}. */
export function changeNamesrvConf(
  conf: NamesrvConf,
  changes: ReadonlyMap<string, string>,
  env: ConfEnv,
): ConfChange<NamesrvConf> {
  const blackList = ['configBlackList', 'configStorePath', 'kvConfigPath', 'rocketmqHome', ...conf.configBlackList]
  return changeConf(namesrvTable, conf, changes, [...new Set(blackList)], env)
}
