import { parseJsonBytes } from '../../../runtime/codec/json/parse-json.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import { MASTER_ID, PERM_READ, PERM_WRITE, readRouteData } from '../../../runtime/codec/route/route-data.ts'
import type { ClientProcess } from './client-process.ts'

const REFRESH_MS = 1000
const TIMEOUT_MS = 1000

/** A queue of a topic in one broker group. */
export interface QueueOf {
  /** brokerName */
  readonly group: string
  readonly queueId: number
}

/** Where a topic's queues are, as name servers say it: one is asked every second, the next one when it is silent. */
export class Route {
  readonly #process: ClientProcess
  readonly #topic: string
  readonly #nameServers: readonly string[]
  #next = 0
  #isAsking = false
  readonly #addresses = new Map<string, ReadonlyMap<number, string>>()
  writable: readonly QueueOf[] = []
  /** Of a group that is drained only these. */
  readable: readonly QueueOf[] = []

  constructor(process: ClientProcess, topic: string, nameServers: readonly string[]) {
    this.#process = process
    this.#topic = topic
    this.#nameServers = nameServers
    const again = (): void => {
      this.refresh()
      process.after(REFRESH_MS, again)
    }
    again()
  }

  master(group: string): string | undefined {
    return this.#addresses.get(group)?.get(MASTER_ID)
  }

  /** By broker id, ascending. */
  addresses(group: string): string[] {
    return [...(this.#addresses.get(group) ?? [])].sort(([a], [b]) => a - b).map(([, address]) => address)
  }

  address(group: string, brokerId: number): string | undefined {
    return this.#addresses.get(group)?.get(brokerId)
  }

  refresh(): void {
    if (this.#isAsking) return
    this.#isAsking = true
    this.#process.begin(async () => {
      const address = this.#nameServers[this.#next % this.#nameServers.length]!
      const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic: this.#topic } }
      const answer = await this.#process.ask(address, request, TIMEOUT_MS)
      this.#isAsking = false
      if (answer?.code === ResponseCode.SUCCESS && answer.body !== undefined) this.#take(answer.body)
      else this.#next++
    })
  }

  /** A group that has gone from the answer keeps its addresses, as official clients keep them. */
  #take(body: Buffer): void {
    const { brokerDatas, queueDatas } = readRouteData(parseJsonBytes(body))
    for (const { brokerName, brokerAddrs } of brokerDatas) this.#addresses.set(brokerName, brokerAddrs)
    const queuesOf = (group: string, count: number): QueueOf[] =>
      Array.from({ length: count }, (_, queueId) => ({ group, queueId }))
    this.writable = queueDatas.flatMap(({ brokerName, perm, writeQueueNums }) =>
      (perm & PERM_WRITE) === 0 ? [] : queuesOf(brokerName, writeQueueNums),
    )
    this.readable = queueDatas.flatMap(({ brokerName, perm, readQueueNums }) =>
      (perm & PERM_READ) === 0 ? [] : queuesOf(brokerName, readQueueNums),
    )
  }
}
