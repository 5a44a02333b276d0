import type { RemotingCommand } from '../../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import type { Ledger, Place, Strength } from '../checks/ledger.ts'
import { bodyOf } from '../checks/message-body.ts'
import type { ClientProcess } from './client-process.ts'
import type { Route } from './route.ts'

const SEND_TIMEOUT_MS = 3000
/** Official: 2 retries, so 3 attempts. */
const ATTEMPTS = 3
const RETRY_MS = 50
/** More are not begun while so many are under way. */
const UNDER_WAY_MAX = 24

/** What the answer to a send says; others say that nothing was stored. */
const STRENGTHS: ReadonlyMap<number, Strength> = new Map([
  [ResponseCode.SUCCESS, 'acked'],
  [ResponseCode.FLUSH_DISK_TIMEOUT, 'stored'],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'stored'],
  [ResponseCode.SLAVE_NOT_AVAILABLE, 'stored'],
])

/** Sends numbered messages to all queues of a topic, with retries, and notes what it is told of them. */
export class Producer {
  readonly #process: ClientProcess
  readonly #route: Route
  readonly #ledger: Ledger
  readonly #topic: string
  readonly #everyMs: number
  #underWay = 0
  /** Told of every message that is acknowledged as safely as the brokers are configured. */
  onAcked: ((id: number, place: Place) => void) | undefined
  /** By group, when a message was acknowledged last. */
  readonly lastAckedMs = new Map<string, number>()

  constructor(process: ClientProcess, route: Route, ledger: Ledger, topic: string, everyMs: number) {
    this.#process = process
    this.#route = route
    this.#ledger = ledger
    this.#topic = topic
    this.#everyMs = everyMs
  }

  /** Until it is told that this is enough. */
  start(isEnough: () => boolean): void {
    const { world } = this.#process
    const next = (): void => {
      if (isEnough()) return
      // Bursts meet in one turn of the broker.
      const count = world.chance(10) ? world.between(2, 8) : 1
      for (let i = 0; i < count && this.#underWay < UNDER_WAY_MAX; i++) this.#process.begin(() => this.#send())
      this.#process.after(world.between(1, 2 * this.#everyMs), next)
    }
    next()
  }

  async #send(): Promise<void> {
    const { world } = this.#process
    if (this.#route.writable.length === 0) return
    const id = this.#ledger.sentCount++
    this.#underWay++
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await this.#attempt(id)) break
      this.#route.refresh()
      await new Promise<void>((resolve) => this.#process.after(world.between(1, RETRY_MS * (attempt + 1)), resolve))
    }
    this.#underWay--
  }

  /** Whether it is stored for sure. */
  async #attempt(id: number): Promise<boolean> {
    const { world } = this.#process
    const queue = world.pick(this.#route.writable)
    const address = queue && this.#route.master(queue.group)
    if (queue === undefined || address === undefined) return false
    const { group, queueId } = queue
    const before = this.#ledger.before(group, queueId)
    const answer = await this.#process.ask(address, this.#request(id, queueId, group), SEND_TIMEOUT_MS)
    const strength = answer && STRENGTHS.get(answer.code)
    if (strength === undefined) return false
    const place = placeOf(answer!, group)
    this.#ledger.acked(id, place, strength, before)
    if (strength === 'acked') this.onAcked?.(id, place)
    world.trace.line(`client: ${id} ${strength} at ${group}/${queueId}:${answer!.fields['queueOffset']}`)
    this.lastAckedMs.set(group, world.nowMs)
    return strength === 'acked'
  }

  #request(id: number, queueId: number, group: string) {
    const bornMs = this.#process.machine.wallMs()
    const properties = `KEYS\x01k${id}\x02`
    const fields = { a: 'pg', b: this.#topic, c: 'TBW102', d: 4, e: queueId, f: 0, g: bornMs, h: 0 }
    return {
      code: RequestCode.SEND_MESSAGE_V2,
      fields: { ...fields, i: properties, j: 0, k: false, m: false, n: group },
      body: Buffer.from(bodyOf(id)),
    }
  }
}

function placeOf({ fields }: RemotingCommand, group: string) {
  return {
    group,
    queueId: Number(fields['queueId']),
    queueOffset: Number(fields['queueOffset']),
    phyOffset: Number.parseInt(fields['msgId']!.slice(-16), 16),
  }
}
