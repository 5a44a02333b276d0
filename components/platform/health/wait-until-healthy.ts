import { RealClock } from '../../../runtime/io/real-clock.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { RemotingProbe } from './cluster-probe.ts'
import { whatIsMissing } from './node-health.ts'

/** What has to become healthy, and by what it is judged. */
export interface AwaitedNode {
  readonly node: PlanNode
  /** `host:port` where it is asked. */
  readonly address: string
  /** NameServers a broker has to be registered with: `host:port`. */
  readonly nameServers: readonly string[]
  /** For a slave: `host:port` of its master. */
  readonly master?: string
  readonly readyTimeoutMs: number
}

/** Between two questions to a node that is not healthy yet. */
const pollMs = 50

const clock = new RealClock()

/**
 * Waits until a node does its work.
 * @param ended tells how it ended, if it has
 * @returns undefined when it is healthy, what is missing when it is not in time
 * @throws Error with what `ended` tells
 */
export async function waitUntilHealthy(
  awaited: AwaitedNode,
  ended: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const probe = new RemotingProbe()
  const behind = awaited.master === undefined ? undefined : catchUp(probe, awaited.address, awaited.master)
  const deadlineMs = clock.monotonic() + awaited.readyTimeoutMs
  try {
    for (;;) {
      const missing = (await missingNow(probe, awaited)) ?? (await behind?.())
      const end = await ended()
      if (end !== undefined) throw new Error(end)
      if (missing === undefined || clock.monotonic() > deadlineMs) return missing
      await new Promise<void>((resolve) => clock.after(pollMs, resolve))
    }
  } finally {
    probe.close()
  }
}

/** What is missing at this moment, a slave's distance from its master left aside. */
export async function whatIsMissingNow(awaited: Omit<AwaitedNode, 'readyTimeoutMs'>): Promise<string | undefined> {
  const probe = new RemotingProbe()
  try {
    return await missingNow(probe, awaited)
  } finally {
    probe.close()
  }
}

function missingNow(
  probe: RemotingProbe,
  { node, address, nameServers, master }: Omit<AwaitedNode, 'readyTimeoutMs'>,
): Promise<string | undefined> {
  const context = { nameServers, ...(master === undefined ? {} : { master: { address: master, inSyncSlaves: 1 } }) }
  return whatIsMissing(probe, node, context, address)
}

/** Asks whether a slave has what its master had when first asked: under load the master's end moves on and on. */
function catchUp(probe: RemotingProbe, slave: string, master: string): () => Promise<string | undefined> {
  const offsetMax = async (address: string) => Number((await probe.runtimeInfo(address)).get('commitLogMaxOffset') ?? 0)
  let target: number | undefined
  return async () => {
    try {
      target ??= await offsetMax(master)
      const lagBytes = target - (await offsetMax(slave))
      return lagBytes > 0 ? `${lagBytes} bytes behind its master ${master}` : undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}
