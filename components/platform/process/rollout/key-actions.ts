import { ToolAccess, withToolAccess } from '../../../admin/tool-access.ts'
import type { Plan } from '../../../plan/plan.ts'
import type { RolloutAction } from '../../../plan/rollout/rollout.ts'
import { dropUsers, putUsers } from '../../../rollout/broker-users.ts'
import { type LiveCluster, withLiveCluster } from '../../../rollout/live-cluster.ts'
import { generationMark, userNames } from '../../../security/credentials.ts'
import { nodeAddress } from '../../health/node-health.ts'
import { keysIn, knownKeyRing, withoutKeys, writeKeyRing } from '../secrets/key-ring.ts'
import { accessSecrets } from '../secrets/local-access.ts'

export type KeyAction = Extract<RolloutAction, { readonly kind: 'makeKeys' | 'adoptKeys' | 'dropKeys' }>

export const isKeyAction = (action: RolloutAction): action is KeyAction =>
  action.kind === 'makeKeys' || action.kind === 'adoptKeys' || action.kind === 'dropKeys'

/** Where keys are kept, and how the cluster is reached. */
export interface KeyPlace {
  readonly dataDir: string
  readonly plan: Pick<Plan, 'security'>
  readonly cluster: LiveCluster
  readonly timeoutMs: number
}

/**
 * What is done about keys of a cluster of processes. At any moment brokers know the user that gantry signs as: the file says who
 * that is, it changes when all of them take the new one, and only then the other one goes.
 * @throws RolloutWaitError, Error when a file cannot be written
 */
export async function performOnKeys({ kind, generation, nodes }: KeyAction, place: KeyPlace): Promise<void> {
  const { dataDir, cluster, timeoutMs } = place
  const asked = { brokers: nodes.map(nodeAddress), timeoutMs }
  const ring = knownKeyRing(dataDir)
  switch (kind) {
    case 'makeKeys': {
      const { admin, servers } = keysIn(ring, generation)
      return putUsers(cluster, [admin, servers], asked)
    }
    case 'adoptKeys': {
      const { admin, servers } = keysIn(ring, generation)
      // In the new name: whoever cannot sign so is not to forget how it can.
      const access = new ToolAccess({ ...accessSecrets(dataDir, place.plan), credentials: admin })
      const { name, nameServers, controllers, tell } = cluster
      await withToolAccess(access, () =>
        withLiveCluster(
          { cluster: name, nameServers, controllers },
          (own) => putUsers(own, [admin, servers], asked),
          tell,
        ),
      )
      return writeKeyRing(dataDir, { ...ring, inUse: generation })
    }
    case 'dropKeys': {
      if (ring.inUse === generation) throw new Error(`keys of generation ${generation} are in use`)
      const { admin, servers } = userNames(generationMark(generation))
      await dropUsers(cluster, [servers, admin], asked)
      return writeKeyRing(dataDir, withoutKeys(ring, generation))
    }
  }
}
