import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Plan } from '../../../plan/plan.ts'
import { groupsOf } from '../../../plan/rollout/advance-plan.ts'
import { brokersOf, isElected } from '../../../plan/rollout/group-change.ts'
import type { RolloutRefusal } from '../../../plan/rollout/rollout.ts'

/**
 * Groups with controllers that would come back to the stores they left when they were removed: the controllers have forgotten
 * ids and terms that stand in those, and which of the stores has everything.
 */
export const formerStoreRefusals = (running: Plan, wanted: Plan): RolloutRefusal[] => {
  const there = groupsOf(running)
  const left = brokersOf(wanted).filter(
    (node) => isElected(node) && !there.has(node.group) && existsSync(join(node.storePath, 'brokerIdentity')),
  )
  return [...Map.groupBy(left, ({ group }) => group)].map(([group, nodes]) => ({
    path: `groups[${group}]`,
    reason:
      `${nodes.map(({ storePath }) => dirname(storePath)).join(' and ')} hold what the group left when it was removed, and ` +
      'the controllers have forgotten it. Move these folders away; or, to serve what is in them again, do as ' +
      'docs/rollouts.md says under "A removed group comes back"',
  }))
}
