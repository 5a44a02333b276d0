import { AdminError } from './admin-error.ts'
import type { CommandContext } from './command.ts'

/** The broker of -b, else the masters of the cluster of -c: one of them is given. */
export async function masterTargets({ client, options }: CommandContext): Promise<string[]> {
  const address = options.text('b')
  return address === undefined ? client.masters(options.required('c')) : [address]
}

/** The broker of -b, else all brokers of the cluster of -c. */
export async function brokerTargets({ client, options }: CommandContext): Promise<string[]> {
  const address = options.text('b')
  return address === undefined ? client.brokerAddresses(options.required('c')) : [address]
}

/** Does the same on each broker; one that refuses is reported and the others have their turn. */
export async function onEach(
  context: CommandContext,
  addresses: readonly string[],
  act: (address: string) => Promise<void>,
): Promise<void> {
  for (const address of addresses) {
    try {
      await act(address)
    } catch (error) {
      if (!(error instanceof AdminError)) throw error
      context.fail(error)
    }
  }
}

/** Repeats until the process is stopped, with -i; without it runs once. Default period: `periodMs`. */
export async function repeatEvery(context: CommandContext, periodMs: number, run: () => Promise<void>): Promise<void> {
  for (;;) {
    await run()
    if (!context.options.has('i')) return
    const seconds = context.options.integer('i') ?? periodMs / 1000
    if (seconds < 1) throw new AdminError(`-i is ${seconds}; give the seconds between two looks, at least 1`)
    await new Promise<void>((resolve) => context.clock.after(seconds * 1000, resolve))
  }
}
