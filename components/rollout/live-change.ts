import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { renderProperty } from '../../runtime/config/properties-file.ts'
import type { PlanNode } from '../plan/plan-node.ts'
import type { LiveCluster } from './live-cluster.ts'

const requests = {
  broker: RequestCode.UPDATE_BROKER_CONFIG,
  nameServer: RequestCode.UPDATE_NAMESRV_CONFIG,
  controller: RequestCode.UPDATE_CONTROLLER_CONFIG,
} as const

/**
 * Changes settings of a running node, which keeps them in its conf file, too. Which ones count without a restart says
 * `liveSettings` of the planner.
 * @param address where it is asked
 * @throws AdminError when it refuses one; none is changed then
 */
export async function changeLive(
  { asker }: Pick<LiveCluster, 'asker'>,
  { id, kind }: Pick<PlanNode, 'id' | 'kind'>,
  address: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  if (kind === 'proxy') throw new Error(`${id} is a proxy: it takes no settings while it runs, restart it`)
  const lines = Object.entries(settings).map(([key, value]) => renderProperty(key, value))
  if (lines.length === 0) return
  await asker.ask(address, { code: requests[kind], body: Buffer.from(`${lines.join('\n')}\n`) })
}
