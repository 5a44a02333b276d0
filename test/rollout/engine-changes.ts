import type { ClusterConfigInput } from '../../components/plan/schema/cluster-config.ts'
import { base, type ClusterChange } from './changes.ts'
import type { Programs } from './programs.ts'

/**
 * Apache's former master passes nothing on: clients have to ask for routes, which they do every 30 s. And its replicas take
 * some seconds to become master.
 */
export const APACHE_GAP_MAX_MS = 35_000

/** From one engine to the other and back, and from one version of ours to the next and back, replica by replica. */
export function engineChanges({ apacheHome, earlierBin }: Programs): ClusterChange[] {
  return (['controller', 'classic'] as const).flatMap((topology): ClusterChange[] => {
    const now = { ...base[topology], platform: { process: { apacheHome } } }
    const apache = onApache(now)
    const earlier: ClusterConfigInput = { ...base[topology], platform: { process: { runtimeBin: earlierBin } } }
    const [there, back] = [
      { topology, needs: ['apache'], gapMaxMs: APACHE_GAP_MAX_MS },
      { topology, needs: ['earlierEngine'] },
    ] as const satisfies Pick<ClusterChange, 'topology' | 'needs' | 'gapMaxMs'>[]
    return [
      { ...there, name: 'engine from Gantry to Apache', from: now, to: apache },
      { ...there, name: 'engine from Apache to Gantry', from: apache, to: now },
      { ...back, name: 'engine upgraded from an earlier version', from: earlier, to: base[topology] },
      { ...back, name: 'engine rolled back to an earlier version', from: base[topology], to: earlier },
    ]
  })
}

const onApache = (config: ClusterConfigInput): ClusterConfigInput => ({
  ...config,
  groups: config.groups.map((group) => ({ ...group, engine: 'apache' as const })),
})
