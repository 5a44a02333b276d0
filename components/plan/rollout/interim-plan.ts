import { joinHostPort } from '../address.ts'
import type { Plan } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { controllersOf } from './controller-members.ts'
import { settingsOf, withSettings } from './node-settings.ts'
import type { Observed, RolloutStep } from './rollout.ts'
import { changeLive } from './steps.ts'

/*
 * While NameServers or controllers are exchanged, brokers and proxies know the old ones and the new ones: nobody is let go
 * of before everybody knows somebody else. Afterwards their lists are made what the wanted plan says.
 */

const itemsOf = (list: string): string[] => list.split(';').filter((item) => item !== '')
const isSameSet = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((item) => right.includes(item))

const keys = ['namesrvAddr', 'controllerAddr'] as const

/** The list with everything in it; as one of the two has it, if that is the same. */
const union = (old: string, leaving: readonly string[], wanted: string): string => {
  const all = [...new Set([...itemsOf(wanted), ...leaving])]
  return isSameSet(all, itemsOf(old)) && !isSameSet(all, itemsOf(wanted)) ? old : all.join(';')
}

const addressesOf = ({ nodes }: Pick<Plan, 'nodes'>) => ({
  namesrvAddr: nodes
    .filter(({ kind }) => kind === 'nameServer')
    .map(({ address, port }) => joinHostPort(address, port)),
  controllerAddr: [...controllersOf({ nodes }).values()].map(({ address }) => address),
})

const listIn = (node: PlanNode, key: string): string => {
  if (node.kind !== 'proxy') return settingsOf(node).get(key) ?? ''
  const value = (JSON.parse(node.confFile.text) as Record<string, unknown>)[key]
  return typeof value === 'string' ? value : ''
}

/**
 * Brokers that run and change without a restart are told of what is to come before anything else is done to them: a NameServer
 * that some brokers of a group register with, and others not, routes clients to a group without master.
 */
export const widenLists = (running: Plan, wanted: Plan, observed: Observed | undefined): RolloutStep[] => {
  const then = addressesOf(wanted)
  return running.nodes.flatMap((node) => {
    if (node.kind !== 'broker' || node.engine !== 'gantry' || observed?.nodes.get(node.id)?.alive === false) return []
    const lists = keys.flatMap((key): [string, string][] => {
      const list = itemsOf(listIn(node, key))
      const isNew = then[key].some((address) => !list.includes(address))
      return list.length === 0 || !isNew ? [] : [[key, [...new Set([...then[key], ...list])].join(';')]]
    })
    if (lists.length === 0) return []
    return [changeLive(withSettings(node, new Map(lists)), Object.fromEntries(lists))]
  })
}

/** The wanted plan as it is while what leaves is still there. The same nodes as in `wanted` where nothing leaves. */
export const interimPlan = (running: Plan, wanted: Plan): Plan => {
  const [there, then] = [addressesOf(running), addressesOf(wanted)]
  const leaving = Object.fromEntries(
    keys.map((key) => [key, there[key].filter((address) => !then[key].includes(address))]),
  )
  const old = new Map(running.nodes.map((node) => [node.id, node]))
  const nodes = wanted.nodes.map((node) => {
    if (node.kind !== 'broker' && node.kind !== 'proxy') return node
    const from = old.get(node.id)
    const lists = keys.flatMap((key): [string, string][] => {
      const list = listIn(node, key)
      if (list === '') return []
      if (from === undefined) return [[key, union('', leaving[key] ?? [], list)]]
      // What it does not know yet and is to go again, it need not get to know.
      const known = itemsOf(listIn(from, key))
      return [
        [
          key,
          union(
            listIn(from, key),
            (leaving[key] ?? []).filter((address) => known.includes(address)),
            list,
          ),
        ],
      ]
    })
    return withSettings(node, new Map(lists))
  })
  return { ...wanted, nodes }
}
