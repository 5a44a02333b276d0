import { addressesOf } from './admin-client.ts'
import type { CommandContext } from './command.ts'
import { onEach } from './targets.ts'

/** The same on the broker of -b, else on all brokers of the cluster of -c; with the title under which the official tool shows each. */
export async function onEachReplica(
  context: CommandContext,
  act: (address: string, title: string) => Promise<void>,
): Promise<void> {
  const titles = await titlesOf(context)
  await onEach(context, [...titles.keys()], (address) => act(address, titles.get(address)!))
}

async function titlesOf({ client, options }: CommandContext): Promise<Map<string, string>> {
  const address = options.text('b')
  if (address !== undefined) return new Map([[address, title(address)]])
  const titles = new Map<string, string>()
  for (const group of await client.brokerGroups(options.required('c'))) {
    const master = group.brokerAddrs.get(0)
    for (const replica of addressesOf(group)) {
      if (replica === master) titles.set(replica, title(`Master: ${replica}`))
      else titles.set(replica, title(`My Master: ${master ?? 'NO_MASTER'}=====Slave: ${replica}`))
    }
  }
  return titles
}

const title = (text: string): string => ` ============${text}============\n`
