import type { Plan } from '../plan.ts'
import { nodeFate } from './node-fate.ts'
import { originalId } from './rollout.ts'
import type { Unit } from './schedule.ts'
import { restartNode, stopNode } from './steps.ts'

/** Brokers that do not check yet show their users to nobody, and a proxy that checks before it knows any refuses everybody. */
const beginsToCheck = (running: Plan, wanted: Plan): boolean => {
  const checks = ({ security }: Plan): boolean => security?.accessControl?.enforce === true
  return checks(wanted) && !checks(running)
}

/**
 * Proxies one by one: new ones, changes in their place, then those that go. Their clients use the others meanwhile.
 * @param brokerUnits changes of brokers, which come first where clients are checked from now on
 */
export const proxyUnits = (running: Plan, wanted: Plan, brokerUnits: readonly Unit[]): Unit[] => {
  const ratherAfter = beginsToCheck(running, wanted) ? brokerUnits.map(({ id }) => id) : []
  const proxies = wanted.nodes.filter(({ kind }) => kind === 'proxy')
  const kept = new Set(proxies.map(({ id }) => id))
  const fates = proxies.map((node) => nodeFate(node, running, wanted))
  const arrivals = fates.map(({ node, arrival, change, predecessor }) => ({
    id: `proxy:${node.id}`,
    after: [],
    ratherAfter,
    steps: [
      ...arrival,
      ...(change?.kind === 'restart' ? [restartNode(change.from, node, change.why)] : []),
      ...(predecessor === undefined ? [] : [stopNode(predecessor, `${node.id} has taken its place`)]),
    ],
  }))
  const gone = running.nodes.filter(({ id, kind }) => kind === 'proxy' && !kept.has(originalId(id)))
  return [
    ...arrivals.filter(({ steps }) => steps.length > 0),
    ...gone.map((node) => ({
      id: `leave:${node.id}`,
      after: [],
      steps: [stopNode(node, 'not in the config any more')],
    })),
  ]
}
