import type { RolloutStep } from './rollout.ts'
import type { Unit } from './schedule.ts'
import { noEffect } from './steps.ts'

/** The unit of a master that hands over and restarts; undefined for any other. */
const masterSteps = ({ steps }: Unit): readonly [handOver: RolloutStep, restart: RolloutStep] | undefined => {
  const [first, second] = steps
  const isOfMaster = first?.action.kind === 'handOver' && first.effect.kind === 'handOver'
  return isOfMaster && steps.length === 2 && second?.action.kind === 'restartNode' ? [first, second] : undefined
}

const isRenewal = ({ kind }: RolloutStep['waits'][number]): boolean => kind === 'routesRenewed'

/**
 * Clients take half a minute to hear of a new master. Where several groups restart theirs, all of them hand over first, and
 * clients hear of it in the same half minute. Before each restart its role is looked at again.
 */
export const poolHandOvers = (units: readonly Unit[]): readonly Unit[] => {
  const pooled = units.filter((unit) => masterSteps(unit) !== undefined)
  if (pooled.length < 2) return units
  const aheadId = ({ id }: Unit): string => `handOver:${id}`
  const all = pooled.map(aheadId)
  return units.flatMap((unit): Unit[] => {
    const found = masterSteps(unit)
    if (found === undefined) return [unit]
    const [handOver, restart] = found
    const ahead = { ...handOver, waits: handOver.waits.filter((wait) => !isRenewal(wait)) }
    const again = { ...handOver, effect: noEffect, reason: 'only if it has become master again meanwhile' }
    return [
      { ...unit, id: aheadId(unit), steps: [ahead] },
      { ...unit, after: [...unit.after, aheadId(unit)], ratherAfter: all, steps: [again, restart] },
    ]
  })
}
