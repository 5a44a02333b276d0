import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import { addController, handLeadOver, removeController } from './controller-members.ts'
import { withLiveCluster } from './live-cluster.ts'

export interface ControllerMemberInputs {
  /** As in controllerDLegerPeers: `n0`. */
  readonly controllerId: string
  /** `host:port` */
  readonly address: string
  /** All controllers, this one among them. */
  readonly controllers: readonly string[]
}

const cluster = ({ controllers }: ControllerMemberInputs) => ({ cluster: '', nameServers: [], controllers })
const tell = (text: string) => console.info(text)

/**
 * A controller's seat among the others: made when it runs, it is a member; deleted before it is stopped, it is none any more.
 * Founders are members from the start.
 */
export const controllerMemberImplementation: Implementation<ControllerMemberInputs, ControllerMemberInputs> = {
  async diff(olds, news) {
    const replaces = (['controllerId', 'address'] as const).filter((key) => olds[key] !== news[key])
    return { changes: !isSameValue(olds, news), replaces, deleteBeforeReplace: true }
  },
  async create(news) {
    await withLiveCluster(cluster(news), (live) => addController(live, { ...news, id: news.controllerId }), tell)
    return { id: news.controllerId, outs: news }
  },
  async read(_, known) {
    return known
  },
  async update(_, news) {
    return news
  },
  async delete(known) {
    await withLiveCluster(
      cluster(known),
      async (live) => {
        await handLeadOver(live, known.address)
        await removeController(live, { ...known, id: known.controllerId })
      },
      tell,
    )
  },
}
