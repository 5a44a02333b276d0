import type { Implementation } from '../../dynamic/implementation.ts'
import { isSameValue } from '../../dynamic/same-value.ts'
import { joinHostPort } from '../../plan/address.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { takePartAgain } from '../../rollout/make-way.ts'
import { waitUntilHealthy } from '../health/wait-until-healthy.ts'

export interface NodeReadyInputs {
  readonly node: PlanNode
  /** IP address of its network interface. */
  readonly ip: string
  /** Id of the instance: another one has to become healthy anew. */
  readonly instance: string
  readonly nameServers: readonly string[]
  /** For a slave: `host:port` of its master. */
  readonly master?: string
  readonly readyTimeoutMs: number
  /** `host:port` for the other nodes and for clients. */
  readonly address: string
  readonly advertisedAddress: string
}

async function untilReady(news: NodeReadyInputs): Promise<NodeReadyInputs> {
  const { node, ip, nameServers, master, readyTimeoutMs } = news
  const address = joinHostPort(ip, node.port)
  const awaited = { node, address, nameServers, readyTimeoutMs, ...(master === undefined ? {} : { master }) }
  const missing = await waitUntilHealthy(awaited, async () => undefined)
  if (missing === undefined) return news
  const look = `aws ssm start-session --target ${news.instance}, then journalctl -u gantry and /var/log/cloud-init-output.log`
  throw new Error(
    `${node.id} (${news.instance}) was not healthy after ${readyTimeoutMs / 1000} s: ${missing}. This machine has to reach ${address}. On the instance: ${look}`,
  )
}

/** Nothing of its own: it stands for the moment in which a node does its work, so that others can come after it. */
export const nodeReadyImplementation: Implementation<NodeReadyInputs, NodeReadyInputs> = {
  async diff(olds, news) {
    const { readyTimeoutMs: _, ...before } = olds
    const { readyTimeoutMs: __, ...after } = news
    return { changes: !isSameValue(before, after) }
  },
  async create(news) {
    return { id: news.node.id, outs: await untilReady(news) }
  },
  async read(_, known) {
    return known
  },
  async update(olds, news) {
    const ready = await untilReady(news)
    const { node, nameServers, readyTimeoutMs: timeoutMs } = news
    if (olds.instance !== news.instance) await takePartAgain({ node, nameServers, timeoutMs })
    return ready
  },
  async delete() {
    // The instance goes by itself.
  },
}
