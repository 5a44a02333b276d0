import { waitUntil } from '../../compat/server.ts'
import { contentDifference, contentOf } from '../broker-content.ts'
import { gapAfter } from '../gaps.ts'
import type { SteadyClients } from '../steady-clients.ts'
import { type Content, isGood, judge, type Verdict } from '../verdict.ts'
import type { Cast, Cut } from './cuts.ts'
import type { Host } from './host-network.ts'
import { brokerOf, GROUP, type LinkCluster } from './link-cluster.ts'
import { StubbornProducer } from './stubborn-producer.ts'

export const TOPIC = 'Links'
export const STUBBORN_TOPIC = 'LinksStubborn'
export const QUEUES = 4
/** Sends go on for so long before the links are cut. */
const BEFORE_MS = 500
/** Time for every timeout of the cluster to pass, and for what follows from it. */
const HOLD_MS = 8_000
/** From here on somebody has to acknowledge again. */
const SERVED_AGAIN_MS = 6_000
/** A busy machine may need so much longer, links still being cut. */
const GRACE_MS = 20_000
const CONSUMED_WITHIN_MS = 60_000

export interface CutResult {
  /** The longest time without an acknowledgement, ms. */
  readonly gapMs: number
  /** When the broker that was master acknowledged for the last time, ms after the cut. */
  readonly lastAckMs: number
  readonly faults: readonly string[]
}

/** Cuts links of one cluster under load, one way after the other. */
export class LinkTrial {
  readonly #cluster: LinkCluster
  readonly #clients: SteadyClients
  readonly #producers: StubbornProducer[] = []
  readonly #disturbedMs: number[] = []

  constructor(cluster: LinkCluster, clients: SteadyClients) {
    this.#cluster = cluster
    this.#clients = clients
  }

  /** Leaves the cluster whole. */
  async run(cut: Cut): Promise<CutResult> {
    const cluster = this.#cluster
    await cluster.awaitWhole()
    const cast = await this.#cast()
    const producer = new StubbornProducer(cluster.client, brokerOf(cast.master), STUBBORN_TOPIC, cut.name)
    this.#producers.push(producer)
    await pause(BEFORE_MS)
    const atMs = this.#disturbed()
    const faults: string[] = []
    try {
      cut.cut(cluster.network, cast)
      await pause(HOLD_MS)
      faults.push(...(await this.#faultsInTheEnd(cut, cast, atMs)))
    } finally {
      cluster.network.heal()
      this.#disturbed()
    }
    await producer.stop()
    await cluster.awaitWhole()
    this.#disturbed()
    const { acked } = this.#clients.ledger()
    const lastAckMs = Math.max(0, ...producer.acks.map(({ afterMs }) => afterMs - BEFORE_MS))
    return { gapMs: gapAfter(acked, atMs, HOLD_MS), lastAckMs, faults }
  }

  async #cast(): Promise<Cast> {
    const { controlHosts, brokerHosts, network } = this.#cluster
    const [leader, master] = await Promise.all([this.#cluster.leader(), this.#cluster.master()])
    return {
      leader,
      master,
      followers: controlHosts.filter((host) => host !== leader),
      replicas: brokerHosts.filter((host) => host !== master),
      clients: network.machine,
    }
  }

  async #faultsInTheEnd(cut: Cut, cast: Cast, atMs: number): Promise<string[]> {
    let faults: string[] = ['nothing was looked at']
    await waitUntil('the cluster does without what is cut off', GRACE_MS, async () => {
      faults = await this.#faultsOf(cut, cast, atMs)
      return faults.length === 0
    }).catch((error: Error) => faults.push(error.message))
    return faults
  }

  async #faultsOf({ master, leader }: Cut, cast: Cast, atMs: number): Promise<string[]> {
    const faults: string[] = []
    const now = { master: await this.#cluster.master(), leader: await this.#cluster.leader() }
    if (master === 'changes' && now.master === cast.master) faults.push(`${now.master.name} is still the master`)
    if (leader === 'changes' && now.leader === cast.leader) faults.push(`${now.leader.name} still leads`)
    // Whoever is replaced has to know without hearing of it.
    if (now.leader !== cast.leader && (await this.#cluster.saysItLeads(cast.leader)))
      faults.push(`${cast.leader.name} still says that it leads`)
    const lastMs = this.#clients.ledger().acked.at(-1)?.endMs ?? 0
    if (lastMs < atMs + SERVED_AGAIN_MS) faults.push(`the last acknowledgement came ${lastMs - atMs} ms after the cut`)
    return faults
  }

  #disturbed(): number {
    const ms = Date.now()
    this.#disturbedMs.push(ms)
    return ms
  }

  /** Stops the clients and judges the whole run. */
  async end(): Promise<{ readonly verdict: Verdict; readonly faults: readonly string[] }> {
    await this.#cluster.awaitWhole()
    await this.#clients.stop(CONSUMED_WITHIN_MS)
    const [first, ...others] = this.#cluster.brokerHosts
    const faults: string[] = []
    const content = await this.#content(first!, TOPIC, QUEUES)
    const verdict = judge(this.#clients.ledger(), content, this.#clients.deliveries(), this.#disturbedMs)
    for (const other of others) faults.push(...(await this.#differences(other, content)))
    if (!isGood(verdict)) {
      for (const [what, list] of Object.entries(verdict)) {
        if (Array.isArray(list) && list.length > 0)
          faults.push(`${what}: ${list.length}, first ${list.slice(0, 3).join('; ')}`)
      }
    }
    faults.push(...(await this.#stubbornFaults()))
    return { verdict, faults }
  }

  /** A replica that has just got a message needs a moment to show it. */
  async #differences(host: Host, expected: Content): Promise<string[]> {
    let difference: string | undefined
    await waitUntil(`${host.name} holds the same`, GRACE_MS, async () => {
      difference = contentDifference(expected, await this.#content(host, TOPIC, QUEUES))
      return difference === undefined
    }).catch(() => undefined)
    return difference === undefined ? [] : [`${host.name}: ${difference}`]
  }

  /** A connection that was cut may need some seconds to be one again. */
  async #content(host: Host, topic: string, queues: number): Promise<Content> {
    let content: Content | undefined
    await waitUntil(`what ${host.name} holds of ${topic}`, GRACE_MS, async () => {
      content = await contentOf(this.#cluster.client, brokerOf(host), GROUP, topic, queues)
      return true
    })
    return content!
  }

  /** What a broker acknowledged that had been replaced has to be where it said. */
  async #stubbornFaults(): Promise<string[]> {
    const faults: string[] = []
    for (const host of this.#cluster.brokerHosts) {
      const content = await this.#content(host, STUBBORN_TOPIC, 1)
      const keys = content.get(`${GROUP}/0`) ?? []
      for (const { key, offset } of this.#producers.flatMap(({ acks }) => acks)) {
        if (keys[offset] !== key)
          faults.push(`${host.name} has ${keys[offset]} at ${offset}, where ${key} was acknowledged`)
      }
    }
    return faults.slice(0, 5)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
