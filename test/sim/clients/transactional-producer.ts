import type { CommandView } from '../../../runtime/codec/remoting/command-view.ts'
import type { RemotingCommand, RequestDraft } from '../../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import type { Channel } from '../../../runtime/net/channel.ts'
import { bodyOf } from '../checks/message-body.ts'
import type { Ending, TransactionBooks } from '../checks/transaction-books.ts'
import type { ClientProcess } from './client-process.ts'
import type { QueueOf, Route } from './route.ts'

const GROUP = 'tg'
const SEND_TIMEOUT_MS = 3000
const ATTEMPTS = 3
const RETRY_MS = 50
const HEARTBEAT_MS = 1000
/** More are not begun while so many are under way. */
const UNDER_WAY_MAX = 16
/** sysFlag of a half message. */
const PREPARED = 4
/** END_TRANSACTION's commitOrRollback. */
const UNDECIDED = 0
const CODES: Readonly<Record<Ending, number>> = { commit: 8, rollback: 12 }

/** Where a half message lies, as END_TRANSACTION names it. */
interface Half {
  readonly id: number
  readonly tranStateTableOffset: number
  readonly commitLogOffset: number
}

/**
 * Sends half messages, commits most of them and rolls others back, forgets to say so now and then, and answers when it is
 * asked, as TransactionMQProducer does.
 */
export class TransactionalProducer {
  readonly #process: ClientProcess
  readonly #route: Route
  readonly #books: TransactionBooks
  readonly #topic: string
  readonly #everyMs: number
  #underWay = 0

  constructor(process: ClientProcess, route: Route, books: TransactionBooks, topic: string, everyMs: number) {
    this.#process = process
    this.#route = route
    this.#books = books
    this.#topic = topic
    this.#everyMs = everyMs
    process.onRequest(RequestCode.CHECK_TRANSACTION_STATE, (request, channel) => this.#check(request, channel))
  }

  /** Begins transactions until it is told that this is enough; answers questions for ever. */
  start(isEnough: () => boolean): void {
    const { world } = this.#process
    const next = (): void => {
      if (isEnough()) return
      if (this.#underWay < UNDER_WAY_MAX) this.#process.begin(() => this.#transaction())
      this.#process.after(world.between(1, 2 * this.#everyMs), next)
    }
    next()
    this.#beat()
  }

  /** Brokers ask whoever has told them of its group. */
  #beat(): void {
    const body = Buffer.from(
      JSON.stringify({ clientID: 'client', consumerDataSet: [], producerDataSet: [{ groupName: GROUP }] }),
    )
    for (const { group } of this.#route.writable.filter(({ queueId }) => queueId === 0)) {
      for (const address of this.#route.addresses(group)) {
        this.#process.begin(async () => {
          await this.#process.ask(address, { code: RequestCode.HEART_BEAT, body }, HEARTBEAT_MS)
        })
      }
    }
    this.#process.after(HEARTBEAT_MS, () => this.#beat())
  }

  async #transaction(): Promise<void> {
    const { world } = this.#process
    if (this.#route.writable.length === 0) return
    const id = this.#books.begin()
    this.#underWay++
    const sent = await this.#sendHalf(id)
    // Official: what is not stored as safely as configured is rolled back.
    const isKept = sent?.answer.code === ResponseCode.SUCCESS
    if (isKept) await this.#pause(world.chance(10) ? world.between(500, 3000) : world.between(0, 200))
    const ending = isKept && world.chance(65) ? 'commit' : 'rollback'
    this.#books.decided(id, ending, isKept)
    this.#underWay--
    if (sent === undefined || world.chance(25)) return
    this.#books.told(id, false)
    await this.#end(sent.queue.group, halfOf(id, sent.answer), ending)
  }

  async #sendHalf(id: number): Promise<{ queue: QueueOf; answer: RemotingCommand } | undefined> {
    const { world } = this.#process
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const queue = world.pick(this.#route.writable)
      const address = queue && this.#route.master(queue.group)
      if (queue !== undefined && address !== undefined) {
        this.#books.attempted(id)
        const answer = await this.#process.ask(address, this.#halfMessage(id, queue), SEND_TIMEOUT_MS)
        if (answer?.fields['msgId'] !== undefined) return { queue, answer }
      }
      this.#route.refresh()
      await this.#pause(world.between(1, RETRY_MS * (attempt + 1)))
    }
    return undefined
  }

  async #end(group: string, half: Half, ending: Ending): Promise<void> {
    const address = this.#route.master(group)
    if (address === undefined) return
    const request = this.#endRequest(half, CODES[ending], false)
    // Official clients do not wait for the answer.
    if (this.#process.world.chance(50)) this.#process.tell(address, request)
    else await this.#process.ask(address, request, SEND_TIMEOUT_MS)
  }

  /** CHECK_TRANSACTION_STATE: answered on the connection on which it came. */
  #check(request: CommandView, channel: Channel): void {
    const id = Number(request.text('transactionId')?.slice(1))
    const half = {
      id,
      tranStateTableOffset: request.requiredInteger('tranStateTableOffset'),
      commitLogOffset: request.requiredInteger('commitLogOffset'),
    }
    const ending = this.#books.asked(id)
    // The application does not always know yet, nor does every answer arrive.
    if (this.#process.world.chance(15)) return
    if (ending !== undefined) this.#books.told(id, true)
    channel.sendOneway(this.#endRequest(half, ending === undefined ? UNDECIDED : CODES[ending], true))
  }

  #endRequest(half: Half, commitOrRollback: number, fromTransactionCheck: boolean): RequestDraft {
    const { id, tranStateTableOffset, commitLogOffset } = half
    const key = keyOf(id)
    const fields = { producerGroup: GROUP, topic: this.#topic, tranStateTableOffset, commitLogOffset, commitOrRollback }
    const names = { fromTransactionCheck, msgId: key, transactionId: key }
    return { code: RequestCode.END_TRANSACTION, fields: { ...fields, ...names } }
  }

  #halfMessage(id: number, { queueId, group }: QueueOf): RequestDraft {
    const bornMs = this.#process.machine.wallMs()
    const properties = `UNIQ_KEY\x01${keyOf(id)}\x02TRAN_MSG\x01true\x02PGROUP\x01${GROUP}\x02`
    const fields = { a: GROUP, b: this.#topic, c: 'TBW102', d: 4, e: queueId, f: PREPARED, g: bornMs, h: 0 }
    return {
      code: RequestCode.SEND_MESSAGE_V2,
      fields: { ...fields, i: properties, j: 0, k: false, m: false, n: group },
      body: Buffer.from(bodyOf(id)),
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#process.after(ms, resolve))
  }
}

const keyOf = (id: number): string => `t${id}`

function halfOf(id: number, { fields }: RemotingCommand): Half {
  return {
    id,
    tranStateTableOffset: Number(fields['queueOffset']),
    commitLogOffset: Number.parseInt(fields['msgId']!.slice(-16), 16),
  }
}
