import { brokerTable } from '../../../runtime/config/broker-conf.ts'
import { isLiveChange } from '../../../runtime/config/conf-change.ts'
import type { KeyTable } from '../../../runtime/config/conf-key.ts'
import { namesrvTable } from '../../../runtime/config/namesrv-conf.ts'
import { parseProperties } from '../../../runtime/config/properties-file.ts'
import type { PlanNode } from '../plan-node.ts'

/** What a node's conf file sets. Empty for a proxy, whose file is JSON. */
export const settingsOf = ({ kind, confFile }: Pick<PlanNode, 'kind' | 'confFile'>): Map<string, string> =>
  kind === 'proxy' ? new Map() : new Map(parseProperties(confFile.text).entries.map(({ key, value }) => [key, value]))

const inProperties = (text: string, settings: ReadonlyMap<string, string>): string =>
  text
    .split('\n')
    .map((line) => {
      const key = line.slice(0, Math.max(0, line.indexOf('=')))
      const value = settings.get(key)
      return value === undefined ? line : `${key}=${value}`
    })
    .join('\n')

const inJson = (text: string, settings: ReadonlyMap<string, string>): string => {
  const content = JSON.parse(text) as Record<string, unknown>
  for (const [key, value] of settings) if (Object.hasOwn(content, key)) content[key] = value
  return `${JSON.stringify(content, null, 2)}\n`
}

/** A node whose conf file has other values for some of the keys that stand in it. */
export const withSettings = <N extends PlanNode>(node: N, settings: ReadonlyMap<string, string>): N => {
  const { path, text } = node.confFile
  const changed = node.kind === 'proxy' ? inJson(text, settings) : inProperties(text, settings)
  return changed === text ? node : { ...node, confFile: { path, text: changed } }
}

/**
 * Addresses that Apache's broker takes over within two minutes (BrokerController.updateNamesrvAddr). Of its other settings
 * many count at once and some never, and which ones is nowhere said: those get a restart.
 */
const apacheLiveKeys: ReadonlySet<string> = new Set(['namesrvAddr'])

const keysOf = ({ kind }: PlanNode): KeyTable => {
  if (kind === 'broker') return brokerTable.keys
  return kind === 'nameServer' ? namesrvTable.keys : {}
}

/** Of our engine some keys are live only from one of their values to another. */
const isLive = (node: PlanNode, name: string, before: string | undefined, after: string): boolean => {
  if (node.engine === 'apache') return node.kind === 'broker' && apacheLiveKeys.has(name)
  const keys = keysOf(node)
  const key = Object.hasOwn(keys, name) ? keys[name] : undefined
  return key !== undefined && isLiveChange(key, before, after)
}

/** The value a key has when the conf file does not say; undefined when it depends on the machine. */
const defaultOf = (node: PlanNode, name: string): string | undefined => {
  const byDefault = keysOf(node)[name]?.default
  if (typeof byDefault === 'object' && !Array.isArray(byDefault)) return undefined
  return byDefault === undefined ? undefined : String(byDefault)
}

/** Keys that two conf files of a node have different values for. */
export const changedKeys = (from: PlanNode, to: PlanNode): string[] => {
  const [before, after] = [settingsOf(from), settingsOf(to)]
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name))
}

/**
 * The settings in which two conf files of a node differ, with their new values, if the engine takes every one of them
 * without a restart; undefined otherwise.
 */
export const liveSettings = (from: PlanNode, to: PlanNode): Record<string, string> | undefined => {
  const [before, after] = [settingsOf(from), settingsOf(to)]
  const changed: Record<string, string> = {}
  for (const name of changedKeys(from, to)) {
    const value = after.get(name) ?? defaultOf(to, name)
    if (value === undefined || !isLive(to, name, before.get(name) ?? defaultOf(from, name), value)) return undefined
    changed[name] = value
  }
  return Object.keys(changed).length === 0 ? undefined : changed
}
