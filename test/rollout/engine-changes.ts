import type { ClusterConfigInput } from '../../components/plan/schema/cluster-config.ts'
import { base, type ClusterChange } from './changes.ts'
import type { Programs } from './programs.ts'

/** Apache's replicas take some seconds to become master; and in containers some to end, while their master waits for them. */
export const APACHE_GAP_MAX_MS = 15_000

/** From one engine to the other and back, and from one version of ours to the next and back, replica by replica. */
export function engineChanges({ apacheHome, earlierBin }: Programs): ClusterChange[] {
  return (['controller', 'classic'] as const).flatMap((topology): ClusterChange[] => {
    const now = { ...base[topology], platform: { process: { apacheHome } } }
    const apache = onApache(now)
    const earlier: ClusterConfigInput = { ...base[topology], platform: { process: { runtimeBin: earlierBin } } }
    const [engines, versions] = [
      { topology, needs: ['apache'] },
      { topology, needs: ['earlierEngine'] },
    ] as const satisfies Pick<ClusterChange, 'topology' | 'needs'>[]
    const gapMaxMs = APACHE_GAP_MAX_MS
    return [
      { ...engines, name: 'engine from Gantry to Apache', from: now, to: apache, gapMaxMs },
      { ...engines, name: 'engine from Apache to Gantry', from: apache, to: now },
      { ...versions, name: 'engine upgraded from an earlier version', from: earlier, to: base[topology] },
      { ...versions, name: 'engine rolled back to an earlier version', from: base[topology], to: earlier },
    ]
  })
}

const onApache = (config: ClusterConfigInput): ClusterConfigInput => ({
  ...config,
  groups: config.groups.map((group) => ({ ...group, engine: 'apache' as const })),
})
