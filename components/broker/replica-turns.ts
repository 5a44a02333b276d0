import * as pulumi from '@pulumi/pulumi'
import type { ReplicasInfo } from '../../runtime/codec/controller/replicas-info.ts'
import type { AccessSecrets } from '../admin/tool-access.ts'
import type { NodeResource } from '../platform/node-platform.ts'
import { seenReplicas } from './seen-replicas.ts'

/**
 * In which order the replicas of an elected group are touched, by their index: those that are not master, then the master, which can
 * hand over then to one that has been changed; and last those that the controllers do not know, which have to be filled. As planned
 * while no master lives: one that has everything may be waited for by all others.
 * @param addresses of the replicas as they register, `host:port`, as planned
 */
export function replicaOrder(addresses: readonly string[], seen: ReplicasInfo | undefined): readonly number[] {
  const planned = addresses.map((_, index) => index)
  if (seen === undefined) return planned
  const known = new Map(
    [...seen.inSyncReplicas, ...seen.notInSyncReplicas].map(({ brokerAddress, alive }) => [brokerAddress, alive]),
  )
  const { masterAddress = '' } = seen
  if (known.get(masterAddress) !== true) return planned
  const rank = (index: number): number => {
    const address = addresses[index] ?? ''
    if (address === masterAddress) return 1
    return known.has(address) ? 0 : 2
  }
  return planned.toSorted((a, b) => rank(a) - rank(b))
}

/** A group whose replicas take turns. */
interface TurnsOf {
  readonly clusterName: string
  /** brokerName. */
  readonly group: string
  /** Of the replicas as they register, `host:port`, as planned. */
  readonly addresses: readonly string[]
  /** `host:port` each. */
  readonly controllers: pulumi.Output<readonly string[]>
  readonly access: pulumi.Output<AccessSecrets> | undefined
}

/** Who comes before whom in a group of which one replica is touched at a time (docs/decisions/0020-slaves-first.md). */
export class ReplicaTurns {
  readonly #made = new Map<number, NodeResource>()
  readonly #order: Promise<readonly number[]>

  constructor(of: TurnsOf, logOf: pulumi.Resource) {
    this.#order = orderOf(of, logOf)
  }

  /** A replica is registered, by its index. All of them are before the program gives others a turn. */
  add(index: number, node: NodeResource): void {
    this.#made.set(index, node)
  }

  /** The replica that is touched right before another one; undefined for the first. */
  async before(index: number): Promise<NodeResource | undefined> {
    const order = await this.#order
    const former = order[order.indexOf(index) - 1]
    return former === undefined ? undefined : this.#made.get(former)
  }
}

/** Looked at once controllers are as they are to be. A preview touches nothing, so that its order does not matter. */
function orderOf(
  { addresses, controllers, access, ...of }: TurnsOf,
  logOf: pulumi.Resource,
): Promise<readonly number[]> {
  if (pulumi.runtime.isDryRun()) return Promise.resolve(replicaOrder(addresses, undefined))
  return new Promise((resolve) => {
    pulumi.all([controllers, access]).apply(async ([known, secrets]) => {
      const tell = (text: string) => void pulumi.log.info(text, logOf)
      resolve(replicaOrder(addresses, await seenReplicas({ ...of, controllers: known, access: secrets, tell })))
    })
  })
}
