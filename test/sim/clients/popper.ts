import { decodeMessages } from '../../../runtime/codec/message/message-ext.ts'
import type { RemotingCommand } from '../../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import { idOf } from '../checks/message-body.ts'
import type { PopBooks } from '../checks/pop-books.ts'
import type { ClientProcess } from './client-process.ts'
import type { Route } from './route.ts'

const GROUP = 'poppers'
const POLL_MS = 500
const TIMEOUT_MS = 3000
const RETRY_MS = 150
const LOOK_MS = 500

/** The ack was not even looked at. */
const REFUSALS: ReadonlySet<number> = new Set([
  ...[
    ResponseCode.NO_MESSAGE,
    ResponseCode.MESSAGE_ILLEGAL,
    ResponseCode.SLAVE_NOT_AVAILABLE,
    ResponseCode.SYSTEM_BUSY,
  ],
])

/** A message, and what acknowledges it. */
interface Popped {
  readonly id: number
  readonly topic: string
  readonly queueId: number
  readonly offset: number
  readonly extraInfo: string
}

/** Pops from the masters of all groups; acknowledges most, wants some later, and is never heard of again by others. */
export class Popper {
  readonly #process: ClientProcess
  readonly #route: Route
  readonly #books: PopBooks
  readonly #topic: string
  readonly #sentCount: () => number
  readonly #groups = new Set<string>()
  /** From now on it acknowledges all it gets. */
  isDiligent = false

  constructor(process: ClientProcess, route: Route, books: PopBooks, topic: string, sentCount: () => number) {
    this.#process = process
    this.#route = route
    this.#books = books
    this.#topic = topic
    this.#sentCount = sentCount
  }

  start(): void {
    for (const { group } of this.#route.readable) {
      if (this.#groups.has(group)) continue
      this.#groups.add(group)
      this.#process.begin(() => this.#consume(group))
    }
    this.#process.after(LOOK_MS, () => this.start())
  }

  async #consume(group: string): Promise<void> {
    for (;;) {
      const popped = await this.#pop(group)
      await Promise.all(popped.map((message) => this.#handle(group, message)))
      if (popped.length > 0) continue
      this.#route.refresh()
      await new Promise<void>((resolve) => this.#process.after(RETRY_MS, resolve))
    }
  }

  async #pop(group: string): Promise<Popped[]> {
    const { world, machine } = this.#process
    const address = this.#route.master(group)
    if (address === undefined) return []
    const fields = {
      ...{ consumerGroup: GROUP, topic: this.#topic, queueId: -1, maxMsgNums: world.between(1, 32), initMode: 0 },
      ...{ invisibleTime: world.between(1000, 4000), pollTime: POLL_MS, bornTime: machine.wallMs() },
    }
    const answer = await this.#process.ask(address, { code: RequestCode.POP_MESSAGE, fields }, TIMEOUT_MS)
    return answer?.code === ResponseCode.SUCCESS ? this.#read(group, answer) : []
  }

  #read(group: string, { fields, body }: RemotingCommand): Popped[] {
    const { popTime, invisibleTime, reviveQid, startOffsetInfo = '' } = fields
    const starts = new Map(
      startOffsetInfo.split(';').map((info) => [info.slice(0, info.lastIndexOf(' ')), info] as const),
    )
    return decodeMessages(body!).map((message) => {
      const { queueId, queueOffset: offset, properties } = message
      const start = starts.get(`0 ${queueId}`)?.split(' ')[2]
      const made = `${start} ${popTime} ${invisibleTime} ${reviveQid} 0 ${group} ${queueId} ${offset}`
      const extraInfo = properties.get('POP_CK') ?? made
      const topic = extraInfo.split(' ')[4] === '0' ? this.#topic : `%RETRY%${GROUP}_${this.#topic}`
      this.#books.popped++
      return { id: idOf(message.body.toString(), this.#sentCount()), topic, queueId, offset, extraInfo }
    })
  }

  async #handle(group: string, { id, ...message }: Popped): Promise<void> {
    const { world } = this.#process
    const address = this.#route.master(group)
    const chance = this.isDiligent ? 0 : world.random.below(100)
    if (address === undefined || chance >= 85) return
    const fields = { consumerGroup: GROUP, ...message }
    if (chance >= 70) {
      const later = { ...fields, invisibleTime: world.between(200, 1500) }
      await this.#process.ask(address, { code: RequestCode.CHANGE_MESSAGE_INVISIBLETIME, fields: later }, TIMEOUT_MS)
      return
    }
    const answer = await this.#process.ask(address, { code: RequestCode.ACK_MESSAGE, fields }, TIMEOUT_MS)
    // Without an answer, or refused by a master that is none any more, it may be acknowledged all the same.
    if (answer === undefined || !REFUSALS.has(answer.code)) this.#books.acked(id)
  }
}
