import { recoveryOf } from './kills.ts'
import type { Trial } from './trial.ts'

const FROZEN_LONGER_MS = 2_000

/** Freezes masters with SIGSTOP: they keep their connections and say nothing. Later they go on as if nothing had been. */
export async function freezeMasters(trial: Trial, times: number): Promise<void> {
  const { cluster } = trial
  for (let time = 1; time <= times; time++) {
    await cluster.awaitWhole()
    await trial.pause(trial.between(300, 1_000))
    const group = cluster.groups[trial.random.below(cluster.groups.length)]!
    const node = cluster.brokerAt((await cluster.masterOf(group))!)
    const atMs = Date.now()
    if (cluster.signal(node.id, 'SIGSTOP') === undefined) throw new Error(`${node.id} does not run`)
    try {
      const recovery = await recoveryOf(trial, node)
      trial.disturbances.push({ atMs, what: `freeze ${node.id}`, isMeasured: true, recovery })
      trial.say(`freeze ${time} of ${times}: master ${node.id}, writable after ${recovery.writableMs} ms`)
      await trial.pause(FROZEN_LONGER_MS)
    } finally {
      cluster.signal(node.id, 'SIGCONT')
    }
    // What it still believes and what clients had sent to it comes to light now.
    trial.disturbances.push({ atMs: Date.now(), what: `wake ${node.id}`, isMeasured: false, recovery: undefined })
  }
}
