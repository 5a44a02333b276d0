import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { parseProperties } from '../../runtime/config/properties-file.ts'
import { InvocationError } from '../../runtime/net/pending-invocations.ts'
import { AdminError } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'
import { replicasOf } from './replica-sets.ts'
import { missingRoute, staleRouteMsDefault } from './routes.ts'
import { pause, RolloutWaitError, waitUntil } from './waiting.ts'

/*
 * A master of Apache's passes nothing on when another replica has become master, and official clients ask for routes every 30 s,
 * whatever they are answered: until then their sends fail. A replica of ours passes on to its master what it gets. So clients
 * are led to that one first (STAND_IN_FOR_MASTER, a request of our own), which takes as long as they go by old routes, and
 * then it is elected.
 *
 * It ends by itself some seconds after it was asked for last: whoever is killed meanwhile leaves nothing behind that would have
 * to be put right.
 */

/** From the last request on. */
const STANDS_IN_MS = 30_000
const RENEWED_AFTER_MS = 5_000
/** For the NameServers to name it. */
const ROUTED_WITHIN_MS = 10_000
const FOUND_WITHIN_MS = 10_000

export interface StandInRequest {
  readonly group: string
  /** `host:port`: the master of Apache's. */
  readonly avoid: string
  /** Addresses of those that shall be master rather than others, best first. */
  readonly preferred: readonly string[]
  /** How long clients may go by a route of before; left out: as official ones do. */
  readonly staleRouteMs?: number | undefined
}

/** A replica of ours in the routes of the master. */
export class StandIn {
  readonly #cluster: LiveCluster
  readonly #request: StandInRequest
  /** `host:port` */
  #address: string | undefined
  #masterEpoch = 0
  #renewedMs = 0

  constructor(cluster: LiveCluster, request: StandInRequest) {
    this.#cluster = cluster
    this.#request = request
  }

  /** Where clients go by now, `host:port`; undefined: to the master itself. */
  get address(): string | undefined {
    return this.#address
  }

  /** Leads clients to a replica in sync, if one of ours is there, and returns when all of them have come to know it. */
  async begin(): Promise<void> {
    const cluster = this.#cluster
    const { group, staleRouteMs = staleRouteMsDefault } = this.#request
    try {
      // Controllers may have no leader for a moment.
      await waitUntil(cluster, `the replicas of ${group} are known`, FOUND_WITHIN_MS, () => this.#find())
      if (this.#address === undefined) return
      await waitUntil(cluster, `clients of ${group} are led to ${this.#address}`, ROUTED_WITHIN_MS, async () => {
        return missingRoute(cluster, group, this.#address!)
      })
    } catch (error) {
      if (!(error instanceof RolloutWaitError)) throw error
      cluster.tell?.(error.message)
      await this.end()
      return
    }
    const { clock } = cluster
    const endMs = clock.monotonic() + staleRouteMs
    const seconds = Math.ceil(staleRouteMs / 1000)
    cluster.tell?.(`clients of ${group} come to know ${this.#address}, which is to be master: ${seconds} s`)
    while (this.#address !== undefined && clock.monotonic() < endMs) {
      await pause(clock, Math.min(RENEWED_AFTER_MS, endMs - clock.monotonic()))
      await this.renew()
    }
  }

  /** It goes on for a while, if it still can. */
  async renew(): Promise<void> {
    const address = this.#address
    if (address === undefined || this.#cluster.clock.monotonic() - this.#renewedMs < RENEWED_AFTER_MS) return
    const refusal = await this.#ask(address, STANDS_IN_MS)
    if (refusal === undefined) return
    this.#cluster.tell?.(`clients go to ${this.#request.avoid} again: ${refusal}`)
    this.#address = undefined
    await this.#routeToMaster()
  }

  /** It is the master now, by which it stands in for nobody any more. @returns whether it is */
  isElected(master: string): boolean {
    if (this.#address !== master) return false
    this.#address = undefined
    return true
  }

  /** Another replica is master, or nobody could be elected: clients are led to whoever is. */
  async end(): Promise<void> {
    const address = this.#address
    this.#address = undefined
    if (address === undefined) return
    await this.#ask(address, 0)
    await this.#routeToMaster()
  }

  /** Has the first replica that can stand in for the master. */
  async #find(): Promise<undefined> {
    const { group, avoid, preferred } = this.#request
    const replicas = await replicasOf(this.#cluster, group)
    if (replicas?.masterAddress !== avoid) return
    if (await this.#checksClients()) return
    this.#masterEpoch = replicas.masterEpoch
    const rank = (address: string) => (preferred.includes(address) ? preferred.indexOf(address) : preferred.length)
    const heirs = replicas.inSyncReplicas
      .filter(({ brokerAddress, alive }) => alive && brokerAddress !== avoid)
      .map(({ brokerAddress }) => brokerAddress)
      .sort((a, b) => rank(a) - rank(b))
    for (const heir of heirs) {
      if ((await this.#ask(heir, STANDS_IN_MS)) !== undefined) continue
      this.#address = heir
      return
    }
  }

  /** What is passed on to it has a field more than what the client signed, and would be refused. */
  async #checksClients(): Promise<boolean> {
    const { tell } = this.#cluster
    const { avoid } = this.#request
    try {
      const settings = await this.#masterSettings()
      const keys = ['authenticationEnabled', 'authorizationEnabled', 'aclEnable']
      const checks = keys.some((key) => settings.get(key) === 'true')
      if (checks) tell?.(`${avoid} checks signatures: nobody can pass on to it what clients send`)
      return checks
    } catch (error) {
      if (!(error instanceof AdminError)) throw error
      tell?.(`${avoid} does not say whether it checks signatures, and nobody passes on to it: ${error.message}`)
      return true
    }
  }

  async #masterSettings(): Promise<ReadonlyMap<string, string>> {
    const { body } = await this.#cluster.asker.ask(this.#request.avoid, { code: RequestCode.GET_BROKER_CONFIG })
    const { entries } = parseProperties(Buffer.from(body ?? []).toString())
    return new Map(entries.map(({ key, value }) => [key, value]))
  }

  /** @returns why not; undefined when it does */
  async #ask(address: string, forMs: number): Promise<string | undefined> {
    const { asker, clock } = this.#cluster
    const fields = { brokerName: this.#request.group, masterEpoch: this.#masterEpoch, forMs }
    try {
      await asker.ask(address, { code: RequestCode.STAND_IN_FOR_MASTER, fields })
      this.#renewedMs = clock.monotonic()
      return undefined
    } catch (error) {
      // One of Apache's does not know the request, nor does one of an earlier version of ours.
      if (error instanceof AdminError || error instanceof InvocationError) return error.message
      throw error
    }
  }

  /** The master registers when it is told of a permission, be it the one that it has: else not for half a minute. */
  async #routeToMaster(): Promise<void> {
    const { asker, tell } = this.#cluster
    const { avoid } = this.#request
    try {
      const permission = (await this.#masterSettings()).get('brokerPermission')
      if (permission === undefined) return
      const change = Buffer.from(`brokerPermission=${permission}\n`)
      await asker.ask(avoid, { code: RequestCode.UPDATE_BROKER_CONFIG, body: change })
    } catch (error) {
      if (!(error instanceof AdminError || error instanceof InvocationError)) throw error
      tell?.(`${avoid} is in the routes again within half a minute: ${error.message}`)
    }
  }
}
