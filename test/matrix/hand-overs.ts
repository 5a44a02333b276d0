import { join } from 'node:path'
import { handOver } from '../../components/rollout/hand-over.ts'
import { withLiveCluster } from '../../components/rollout/live-cluster.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { contentOf } from '../failover/broker-content.ts'
import { openClient } from '../failover/group-state.ts'
import { markedSend } from '../failover/marked-send.ts'
import { controllerRole } from './conf.ts'
import { layOutPair, type Pair } from './pair.ts'
import { Side } from './side.ts'
import { awaitInSet, GROUP, groupState, TOPIC, type UpgradeParts } from './upgrade-world.ts'

const AREA = 'Apache 5.5 group under controllers, masters hand over as in a rollout, under load'
const TIMES = 8
const SENDERS = 8
const EVERY_MS = 5
const TIMEOUT_MS = 4_000
const HAND_OVER_MS = 60_000
const QUIET_MS = 1_500
const QUEUES = 4

type Client = ReturnType<typeof openClient>

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Senders that go to the other broker when one refuses: so some always speak to the one that is about to be master no more. */
class Senders {
  readonly acked: string[] = []
  readonly #all: readonly Promise<void>[]
  #count = 0
  #isOn = true

  constructor(client: Client, addresses: readonly string[]) {
    this.#all = Array.from({ length: SENDERS }, (_, index) => this.#send(client, addresses, index))
  }

  async stop(): Promise<void> {
    this.#isOn = false
    await Promise.all(this.#all)
  }

  async #send(client: Client, addresses: readonly string[], first: number): Promise<void> {
    let at = first
    while (this.#isOn) {
      const key = `m${this.#count++}`
      // Refused, no answer, no connection: all the same, nothing was acknowledged.
      const answer = await client
        .invoke(addresses[at % addresses.length]!, markedSend(TOPIC, key), TIMEOUT_MS)
        .catch(() => undefined)
      if (answer?.code === ResponseCode.SUCCESS) this.acked.push(key)
      else at++
      await pause(EVERY_MS)
    }
  }
}

/** What was acknowledged while the role of master went from one of Apache's brokers to the other is there afterwards. */
export async function handOvers({ dir: baseDir, report }: UpgradeParts): Promise<void> {
  await report.attempt(AREA, 'hand-overs', async () => {
    const dir = join(baseDir, 'hand-overs')
    const side = await Side.withStandalone(dir, 'side', 'gantry', 'gantry')
    await side.start()
    const pair = await layOutPair(dir, GROUP, 'apache', side.namesrv.address, () => controllerRole(side.controllerAddr))
    await pair.start(TOPIC)
    await awaitInSet(side.controllerAddr, 2)
    const client = openClient()
    try {
      const senders = new Senders(
        client,
        pair.brokers.map(({ address }) => address),
      )
      const counts: number[] = []
      for (let time = 0; time < TIMES; time++) {
        counts.push(senders.acked.length)
        await handOverOnce(side, pair)
      }
      await pause(QUIET_MS)
      await senders.stop()
      const { acked } = senders
      const isSent = [...counts.slice(1), acked.length].every((count, index) => count > counts[index]!)
      report.check(AREA, 'messages are taken before and after each', isSent, counts.join(' '))
      const { master } = await groupState(side.controllerAddr)
      const content = await contentOf(client, master!, GROUP, TOPIC, QUEUES)
      const there = new Set([...content.values()].flat())
      const lost = acked.filter((key) => !there.has(key))
      console.log(`${AREA}: ${TIMES} times, ${acked.length} acknowledged, ${lost.length} lost`)
      report.check(AREA, 'nothing that was acknowledged is lost', lost.length === 0, lost.slice(0, 10).join(' '))
    } finally {
      client.close()
    }
    await pair.stop()
    await side.stop()
  })
}

async function handOverOnce({ namesrv, controllerAddr }: Side, { group }: Pair): Promise<void> {
  await awaitInSet(controllerAddr, 2)
  await pause(QUIET_MS)
  const { master } = await groupState(controllerAddr)
  const addresses = { cluster: 'MatrixCluster', nameServers: [namesrv.address], controllers: [controllerAddr] }
  const request = { group, avoid: master!, engine: 'apache', preferred: [], timeoutMs: HAND_OVER_MS } as const
  await withLiveCluster(addresses, (cluster) => handOver(cluster, request))
}
