import { decodeReplicasInfo, type ReplicasInfo } from '../../runtime/codec/controller/replicas-info.ts'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { InvocationError } from '../../runtime/net/pending-invocations.ts'
import type { LiveCluster } from './live-cluster.ts'

/** A controller's view of the quorum it is in. */
export interface QuorumView {
  /** `host:port` of the leader, '' when it knows none. */
  readonly leader: string
  /** Addresses by id, as members are now. */
  readonly peers: ReadonlyMap<string, string>
  /** Whether it takes itself for the leader. */
  readonly leads: boolean
  /** Whether these peers are agreed on: until then a change may be undone. */
  readonly isAgreed: boolean
}

export async function quorumView({ asker }: LiveCluster, controller: string): Promise<QuorumView> {
  const { fields } = await asker.ask(controller, { code: RequestCode.CONTROLLER_GET_METADATA_INFO })
  const words = (fields['peers'] ?? '').split(';').filter((word) => word !== '')
  const peers = words.map((word) => [word.slice(0, word.indexOf(':')), word.slice(word.indexOf(':') + 1)] as const)
  return {
    leader: fields['controllerLeaderAddress'] ?? '',
    peers: new Map(peers),
    leads: fields['isLeader'] === 'true',
    // Apache's controllers do not say so, and do not change their members.
    isAgreed: fields['peersCommitted'] !== 'false',
  }
}

/** @throws Error when no controller names a leader */
export async function controllerLeader(cluster: LiveCluster): Promise<string> {
  const { controllers } = cluster
  const silent: string[] = []
  for (const controller of controllers) {
    try {
      const { leader } = await quorumView(cluster, controller)
      if (leader !== '') return leader
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error
      silent.push(controller)
    }
  }
  const down = silent.length === 0 ? '' : `; no answer from ${silent.join(', ')}`
  throw new Error(`the controllers ${controllers.join(';')} have no leader at the moment${down}`)
}

/** Asks the controller that leads. */
export async function askLeader(cluster: LiveCluster, request: RequestDraft): Promise<RemotingCommand> {
  return cluster.asker.ask(await controllerLeader(cluster), request)
}

/** What the controllers know of a group; undefined when they have never heard of it. */
export async function replicasOf(cluster: LiveCluster, group: string): Promise<ReplicasInfo | undefined> {
  const request = { code: RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, body: encodeJson([group]) }
  const { body } = await askLeader(cluster, request)
  return body === undefined ? undefined : decodeReplicasInfo(body).get(group)
}
