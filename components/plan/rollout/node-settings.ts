import { brokerTable } from '../../../runtime/config/broker-conf.ts'
import type { KeyTable } from '../../../runtime/config/conf-key.ts'
import { namesrvTable } from '../../../runtime/config/namesrv-conf.ts'
import { parseProperties } from '../../../runtime/config/properties-file.ts'
import type { PlanNode } from '../plan-node.ts'

/** What a node's conf file sets. Empty for a proxy, whose file is JSON. */
const settingsOf = ({ kind, confFile }: Pick<PlanNode, 'kind' | 'confFile'>): Map<string, string> =>
  kind === 'proxy' ? new Map() : new Map(parseProperties(confFile.text).entries.map(({ key, value }) => [key, value]))

/**
 * Addresses that Apache's broker reads again by itself: BrokerController.updateNamesrvAddr and
 * ReplicasManager.updateControllerAddr, every two minutes. Of its other settings many count at once and some never: which
 * ones is nowhere said, so they get a restart.
 */
const apacheLiveKeys: ReadonlySet<string> = new Set(['namesrvAddr'])

const keysOf = ({ kind }: PlanNode): KeyTable => {
  if (kind === 'broker') return brokerTable.keys
  return kind === 'nameServer' ? namesrvTable.keys : {}
}

const isLive = (node: PlanNode, name: string): boolean => {
  if (node.engine === 'apache') return node.kind === 'broker' && apacheLiveKeys.has(name)
  const keys = keysOf(node)
  return Object.hasOwn(keys, name) && keys[name]?.live === true
}

/** The value a key has when the conf file does not say; undefined when it depends on the machine. */
const defaultOf = (node: PlanNode, name: string): string | undefined => {
  const byDefault = keysOf(node)[name]?.default
  if (typeof byDefault === 'object' && !Array.isArray(byDefault)) return undefined
  return byDefault === undefined ? undefined : String(byDefault)
}

/**
 * The settings in which two conf files of a node differ, with their new values, if the engine takes every one of them
 * without a restart; undefined otherwise.
 */
export const liveSettings = (from: PlanNode, to: PlanNode): Record<string, string> | undefined => {
  const [before, after] = [settingsOf(from), settingsOf(to)]
  const changed: Record<string, string> = {}
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(name) === after.get(name)) continue
    const value = after.get(name) ?? defaultOf(to, name)
    if (value === undefined || !isLive(to, name)) return undefined
    changed[name] = value
  }
  return changed
}
