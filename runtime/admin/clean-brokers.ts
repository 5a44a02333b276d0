import type { CommandContext } from './command.ts'
import { onEach } from './targets.ts'

/** Asks the broker of -b, all of the cluster of -c, or all there are to clean something; prints whether all did. */
export async function runOnBrokers(context: CommandContext, code: number): Promise<void> {
  let done = 0
  const addresses = await targets(context)
  await onEach(context, addresses, async (address) => {
    await context.client.call(address, { code })
    done++
  })
  context.print(done > 0 && done === addresses.length ? 'success' : 'false')
}

async function targets({ client, options }: CommandContext): Promise<string[]> {
  const address = options.text('b')
  if (address !== undefined) return [address]
  const cluster = options.text('c')
  if (cluster !== undefined && cluster !== '') return client.brokerAddresses(cluster)
  const { clusters } = await client.clusterInfo()
  const addresses: string[] = []
  for (const name of clusters.keys()) addresses.push(...(await client.brokerAddresses(name)))
  return addresses
}
