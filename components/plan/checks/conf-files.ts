import { brokerTable } from '../../../runtime/config/broker-conf.ts'
import type { ConfEnv, ConfKey, ConfValue, KeyTable } from '../../../runtime/config/conf-key.ts'
import { type ConfTable, withDefaults } from '../../../runtime/config/conf-table.ts'
import { readValue } from '../../../runtime/config/conf-value.ts'
import { controller } from '../../../runtime/config/namesrv-conf/controller.ts'
import { namesrvTable } from '../../../runtime/config/namesrv-conf.ts'
import { proxyTable } from '../../../runtime/config/proxy-conf.ts'
import { plannedBrokerKeys } from '../render/broker-conf.ts'
import { plannedControllerKeys } from '../render/controller-conf.ts'
import { plannedNameServerKeys } from '../render/namesrv-conf.ts'
import { plannedProxyKeys } from '../render/proxy-json.ts'
import type { ConfOverrides } from '../schema/cluster-config.ts'

/** A conf file, as far as overrides are concerned. */
export interface ConfFile {
  readonly name: string
  /** Left out where they are not known here: then any key but a planned one will do. */
  readonly keys?: KeyTable
  /** Keys that the planner sets itself, and the config key to use instead. */
  readonly planned: ReadonlyMap<string, string>
}

export const brokerConf: ConfFile & { readonly keys: KeyTable } = { ...brokerTable, planned: plannedBrokerKeys }
export const namesrvConf: ConfFile & { readonly keys: KeyTable } = { ...namesrvTable, planned: plannedNameServerKeys }
export const controllerConf: ConfFile = {
  name: 'controller.conf',
  keys: controller.keys,
  planned: plannedControllerKeys,
}
export const proxyJson: ConfFile & { readonly keys: KeyTable } = { ...proxyTable, planned: plannedProxyKeys }

/** Only whether a value can be read matters here, not what it becomes on some machine: any facts will do. */
const anyMachine: ConfEnv = {
  home: '/',
  rocketmqHome: '/',
  namesrvAddr: undefined,
  hostName: 'localhost',
  localAddress: '127.0.0.1',
  processors: 1,
  workingFolder: '/',
}

/** What a key must be to hold a value; undefined when it can. */
export function expectedOf(key: ConfKey, value: string): string | undefined {
  const read = readValue(key, value, anyMachine)
  return 'expected' in read ? read.expected : undefined
}

/** What is to be said of settings that are right one by one, in the words of the engine: `key: ...`, `key = ...`. */
export interface Settled {
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

const nothingToSay: Settled = { errors: [], warnings: [] }

/** What a broker says to these overrides when it starts. Keys that are not theirs to set, and what it does not know, are left out. */
export function settleBroker(overrides: ConfOverrides, hasControllers: boolean): Settled {
  if (Object.keys(overrides).length === 0) return nothingToSay
  const given = new Map<string, ConfValue>([['enableControllerMode', hasControllers]])
  for (const [name, value] of Object.entries(overrides)) {
    if (brokerConf.planned.has(name)) continue
    const key = Object.hasOwn(brokerConf.keys, name) ? brokerConf.keys[name] : undefined
    const read = key === undefined ? undefined : readValue(key, String(value), anyMachine)
    if (read !== undefined && 'value' in read) given.set(name, read.value)
  }
  const table: ConfTable<typeof brokerTable.keys> = brokerTable
  return table.settle(withDefaults(table.keys, given, anyMachine), new Set(given.keys()))
}
