import { parseJsonBytes } from '../../runtime/codec/json/parse-json.ts'
import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
import type { RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { PERM_WRITE, readRouteData } from '../../runtime/codec/route/route-data.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'

const requestTimeoutMs = 2000
const sendPauseMs = 20
const pullPauseMs = 50
const routeMs = 1000
/** As official consumers: a broker that was not the master when they committed may have an older offset. */
const commitMs = 5000
/** How long what was acknowledged may take to be consumed once sending has ended. */
const restMs = 60_000

interface Queue {
  readonly group: string
  readonly master: string
  readonly queueId: number
  readonly isWritable: boolean
}

/** What a load saw of a cluster while it changed. */
export interface LoadReport {
  /** Messages acknowledged. */
  readonly sent: number
  /** Of these, never consumed. */
  readonly lost: number
  readonly duplicated: number
  /** Broker groups that acknowledged some. */
  readonly groups: readonly string[]
  /** The longest time between two acknowledgements. */
  readonly longestGapMs: number
  /** Answers that it may not do what it asked for. */
  readonly refused: number
}

type Sign = (request: RequestDraft) => RequestDraft

const clock = new RealClock()
let loads = 0
const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))

/**
 * A producer that sends numbered messages to a topic all the time, each until it is acknowledged, and a consumer group of one
 * that reads every queue and commits how far it is. Both look at the route every second.
 */
export class ConstantLoad {
  readonly #client: RemotingClient
  /** What its messages begin with: the topic may have those of earlier loads. */
  readonly #mark = `load ${++loads} `
  readonly #nameServers: readonly string[]
  readonly #topic: string
  readonly #consumerGroup: string
  #queues: readonly Queue[] = []
  readonly #acknowledged = new Set<number>()
  readonly #consumed = new Map<number, number>()
  readonly #offsets = new Map<string, number>()
  /** What the brokers have been told: a drain waits for it, so a commit that failed is made again. */
  readonly #committed = new Map<string, { readonly offset: number; readonly atMs: number }>()
  readonly #groups = new Set<string>()
  #longestGapMs = 0
  #refused = 0
  #isSending = true
  #isReading = true
  #sending: Promise<unknown> = Promise.resolve()
  #reading: Promise<unknown> = Promise.resolve()

  private constructor(namesrvAddr: string, topic: string, consumerGroup: string, sign: Sign | undefined) {
    this.#client = new RemotingClient(createNetContext(clock, new RealNetwork(), silentLogger), {
      connectTimeoutMs: requestTimeoutMs,
      ...(sign === undefined ? {} : { sign }),
    })
    this.#nameServers = namesrvAddr.split(';')
    this.#topic = topic
    this.#consumerGroup = consumerGroup
  }

  /** @param sign as whom it asks; left out: as nobody */
  static async start(namesrvAddr: string, topic: string, consumerGroup: string, sign?: Sign): Promise<ConstantLoad> {
    const load = new ConstantLoad(namesrvAddr, topic, consumerGroup, sign)
    await load.#findRoute()
    load.#sending = load.#send()
    load.#reading = Promise.all([load.#lookForRoutes(), load.#read()])
    return load
  }

  /** Groups that acknowledged a message so far. */
  get groups(): ReadonlySet<string> {
    return this.#groups
  }

  /** Stops sending and waits until everything acknowledged has been consumed, or a minute. */
  async stop(): Promise<LoadReport> {
    this.#isSending = false
    // The last message may be under way: reading may not end before it is acknowledged.
    await this.#sending
    const untilMs = clock.monotonic() + restMs
    while (this.#lost() > 0 && clock.monotonic() < untilMs) await pause(pullPauseMs)
    this.#isReading = false
    await this.#reading
    this.#client.close()
    return {
      sent: this.#acknowledged.size,
      lost: this.#lost(),
      duplicated: [...this.#consumed.values()].filter((times) => times > 1).length,
      groups: [...this.#groups].sort(),
      longestGapMs: Math.round(this.#longestGapMs),
      refused: this.#refused,
    }
  }

  #lost(): number {
    return [...this.#acknowledged].filter((number) => !this.#consumed.has(number)).length
  }

  async #lookForRoutes(): Promise<void> {
    while (this.#isReading) {
      await this.#findRoute().catch(() => {})
      await pause(routeMs)
    }
  }

  async #findRoute(): Promise<void> {
    let failure: unknown
    for (const nameServer of this.#nameServers) {
      try {
        const fields = { topic: this.#topic, acceptStandardJsonOnly: true }
        const answer = await this.#ask(nameServer, { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields })
        const { queueDatas, brokerDatas } = readRouteData(parseJsonBytes(answer.body ?? Buffer.from('{}')))
        const masters = new Map(brokerDatas.map(({ brokerName, brokerAddrs }) => [brokerName, brokerAddrs.get(0)]))
        this.#queues = queueDatas.flatMap(({ brokerName, readQueueNums, perm }) => {
          const master = masters.get(brokerName)
          if (master === undefined) return []
          const isWritable = (perm & PERM_WRITE) !== 0
          return Array.from({ length: readQueueNums }, (_, queueId) => ({
            group: brokerName,
            master,
            queueId,
            isWritable,
          }))
        })
        return
      } catch (error) {
        failure = error
      }
    }
    throw new Error(`no route of ${this.#topic} from ${this.#nameServers.join(';')}`, { cause: failure })
  }

  async #send(): Promise<void> {
    let lastMs = clock.monotonic()
    for (let number = 0; this.#isSending; number++) {
      for (let attempt = 0; this.#isSending; attempt++) {
        const writable = this.#queues.filter(({ isWritable }) => isWritable)
        const queue = writable[(number + attempt) % Math.max(1, writable.length)]
        if (queue !== undefined && (await this.#sendTo(queue, number))) {
          this.#acknowledged.add(number)
          this.#groups.add(queue.group)
          break
        }
        await this.#findRoute().catch(() => {})
        await pause(sendPauseMs)
      }
      const nowMs = clock.monotonic()
      this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - lastMs)
      lastMs = nowMs
      await pause(sendPauseMs)
    }
  }

  async #sendTo({ master, queueId }: Queue, number: number): Promise<boolean> {
    const fields = {
      ...{ a: 'load', b: this.#topic, c: 'TBW102', d: 4, e: queueId, f: 0, g: clock.now(), h: 0, i: '', j: 0 },
      ...{ k: false, m: false },
    }
    try {
      await this.#ask(master, {
        code: RequestCode.SEND_MESSAGE_V2,
        fields,
        body: Buffer.from(`${this.#mark}${number}`),
      })
      return true
    } catch {
      // It is sent again, elsewhere perhaps.
      return false
    }
  }

  async #read(): Promise<void> {
    while (this.#isReading) {
      await Promise.all(this.#queues.map((queue) => this.#readFrom(queue).catch(() => {})))
      await pause(pullPauseMs)
    }
  }

  async #readFrom(queue: Queue): Promise<void> {
    const { group, master, queueId } = queue
    const key = `${group} ${queueId}`
    const queueOffset = this.#offsets.get(key) ?? 0
    const of = { consumerGroup: this.#consumerGroup, topic: this.#topic, queueId }
    const fields = {
      ...of,
      queueOffset,
      maxMsgNums: 32,
      // A pull with a subscription of its own and no commit of offsets.
      sysFlag: 4,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    }
    const request = { code: RequestCode.PULL_MESSAGE, fields }
    const { code, body, fields: answer } = await this.#invoke(master, request)
    const found = code === ResponseCode.SUCCESS ? decodeMessages(body ?? Buffer.alloc(0)) : []
    for (const message of found) {
      const text = Buffer.from(message.body).toString()
      if (!text.startsWith(this.#mark)) continue
      const number = Number(text.slice(this.#mark.length))
      this.#consumed.set(number, (this.#consumed.get(number) ?? 0) + 1)
    }
    const next = found.length === 0 ? queueOffset : Number(answer['nextBeginOffset'])
    const last = this.#committed.get(key)
    if (last !== undefined && next === last.offset && clock.monotonic() - last.atMs < commitMs) return
    this.#offsets.set(key, next)
    await this.#ask(master, { code: RequestCode.UPDATE_CONSUMER_OFFSET, fields: { ...of, commitOffset: next } })
    this.#committed.set(key, { offset: next, atMs: clock.monotonic() })
  }

  async #ask(address: string, request: RequestDraft) {
    const answer = await this.#invoke(address, request)
    if (answer.code === ResponseCode.SUCCESS) return answer
    throw new Error(`${address} answered request ${request.code} with ${answer.code}: ${answer.remark ?? ''}`)
  }

  async #invoke(address: string, request: RequestDraft) {
    const answer = await this.#client.invoke(address, request, requestTimeoutMs)
    if (answer.code === ResponseCode.NO_PERMISSION) this.#refused++
    return answer
  }
}
