import type { ReplicasInfo } from '../../runtime/codec/controller/replicas-info.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { AdminClient } from '../admin/admin-client.ts'
import { type AccessSecrets, ToolAccess, withToolAccess } from '../admin/tool-access.ts'
import { replicasOf } from '../rollout/replica-sets.ts'

/** A group that a program looks at while it runs. */
interface LookedAt {
  readonly clusterName: string
  /** brokerName. */
  readonly group: string
  /** `host:port` each. */
  readonly controllers: readonly string[]
  readonly access: AccessSecrets | undefined
  readonly tell: (text: string) => void
}

/** Per controller that does not answer. */
const timeoutMs = 3000

type Look = (group: LookedAt) => Promise<ReplicasInfo | undefined>

/** What the controllers know of a group. */
const askControllers: Look = async ({ clusterName, group, controllers, access }) => {
  const look = async (): Promise<ReplicasInfo | undefined> => {
    const asker = new AdminClient(timeoutMs)
    try {
      return await replicasOf({ asker, clock: new RealClock(), name: clusterName, nameServers: [], controllers }, group)
    } finally {
      asker.close()
    }
  }
  return access === undefined ? look() : withToolAccess(new ToolAccess(access), look)
}

let look: Look = askControllers

/** Programs that run without an engine have no controllers: they are told what to see. Left out: as usual. */
export function seeReplicas(by: Look = askControllers): void {
  look = by
}

/** What the controllers know of a group; undefined when they have never heard of it, or cannot be asked, of which is told. */
export async function seenReplicas(of: LookedAt): Promise<ReplicasInfo | undefined> {
  try {
    return await look(of)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    of.tell(
      `who is master of ${of.group} is not known, so that its replicas are touched in the order of the stack: ${why}`,
    )
    return undefined
  }
}
