import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import type { Clock } from '../../runtime/io/clock.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { AdminClient } from '../admin/admin-client.ts'

/** What sends a request to a node, `host:port`. Rejects with AdminError for a refusal, InvocationError without an answer. */
interface Asker {
  ask(address: string, request: RequestDraft): Promise<RemotingCommand>
  /** Opens and closes a connection. Rejects when nobody takes it. */
  connect(address: string): Promise<void>
}

/** A running cluster as the actions of a rollout reach it. */
export interface LiveCluster {
  readonly asker: Asker
  readonly clock: Pick<Clock, 'monotonic' | 'now' | 'after'>
  /** brokerClusterName. */
  readonly name: string
  /** `host:port` each. */
  readonly nameServers: readonly string[]
  /** `host:port` each; none where masters are fixed. */
  readonly controllers: readonly string[]
  /** Is told what is waited for, whenever that changes. */
  readonly tell?: (waitsFor: string) => void
}

/** A controller that joins is first given all that the others agreed on, and a master hands over what it holds. */
const timeoutMs = 30_000

export interface ClusterAddresses {
  readonly cluster: string
  readonly nameServers: readonly string[]
  readonly controllers: readonly string[]
}

/** Opens connections to a cluster for as long as `use` needs them. */
export async function withLiveCluster<T>(
  { cluster, nameServers, controllers }: ClusterAddresses,
  use: (cluster: LiveCluster) => Promise<T>,
  tell?: (waitsFor: string) => void,
): Promise<T> {
  const asker = new AdminClient(timeoutMs)
  const live = { asker, clock: new RealClock(), name: cluster, nameServers, controllers }
  try {
    return await use(tell === undefined ? live : { ...live, tell })
  } finally {
    asker.close()
  }
}
