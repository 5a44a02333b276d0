import { LoopNetwork } from '../../../test/sim/loop-network.ts'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { MortalProcess } from '../../../test/sim/mortal-process.ts'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import { type CrashKind, SimDisk, type SimDiskOptions } from '../../../test/sim/sim-disk.ts'
import { signedDraft } from '../../auth/remoting/signed-content.ts'
import { decodeMessages, type MessageExt } from '../../codec/message/message-ext.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { parseBrokerConf } from '../../config/broker-conf.ts'
import { testEnv } from '../../config/test-env.ts'
import { HmacKey } from '../../io/hmac-sha1.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { silentLogger } from '../../observe/logger.ts'
import { Broker } from '../broker.ts'

const PORT = 10911
export const START_MS = 1_700_000_000_000

const CONF = `brokerName=broker-a
listenPort=${PORT}
brokerIP1=127.0.0.1
brokerIP2=127.0.0.1
storePathRootDir=/store
mappedFileSizeCommitLog=65536
mappedFileSizeConsumeQueue=2000
maxHashSlotNum=100
maxIndexNum=400
`

/** Rounds of deliveries that one request may need at most. */
const ROUNDS_MAX = 100

/** A whole broker with one client, over a simulated disk and network and a clock moved by hand. */
export class WholeBroker {
  readonly clock: ManualClock
  readonly network: LoopNetwork
  readonly disk: SimDisk
  readonly client: RemotingClient
  broker: Broker
  #settings: string
  readonly #port: number
  #process: MortalProcess

  private constructor(settings: string, disk: SimDisk, beside: WholeBroker | undefined) {
    this.clock = beside?.clock ?? new ManualClock(START_MS)
    this.network = beside?.network ?? new LoopNetwork()
    this.#settings = settings
    this.#port = Number(/^listenPort=(\d+)$/m.exec(settings)?.[1] ?? PORT)
    this.disk = disk
    this.#process = new MortalProcess(this.clock, this.network)
    this.broker = this.#make()
    const context = createNetContext(this.clock, this.network, silentLogger)
    this.client = new RemotingClient(context, { connectTimeoutMs: 1000 })
  }

  /** `beside`: another broker whose time and network this one shares; it needs another listenPort. */
  static async start(settings = '', disk: SimDiskOptions = {}, beside?: WholeBroker): Promise<WholeBroker> {
    const whole = new WholeBroker(settings, new SimDisk(disk), beside)
    await whole.broker.start()
    return whole
  }

  /** Stops the broker and starts another one on its disk. */
  async restart(): Promise<void> {
    const stopped = this.broker.stop()
    await this.settle()
    await stopped
    this.broker = this.#make()
    await this.broker.start()
  }

  /** The broker's process, or its machine, dies. */
  crash(kind: CrashKind): void {
    this.#process.kill()
    this.disk.crash(kind)
  }

  /** Starts a broker on the disk that a crash has left, with other settings if there are. */
  async startAgain(settings = this.#settings): Promise<void> {
    this.#settings = settings
    this.#process = new MortalProcess(this.clock, this.network)
    this.broker = this.#make()
    await this.broker.start()
  }

  /** Delivers and handles everything until nothing moves any more. */
  async settle(): Promise<void> {
    for (let round = 0, quiet = 0; quiet < 3; round++) {
      if (round === ROUNDS_MAX) throw new Error('the network does not come to rest')
      await new Promise((resolve) => setImmediate(resolve))
      quiet = this.network.deliver() ? 0 : quiet + 1
      this.clock.finishTurn()
    }
  }

  /** A request whose answer comes without time passing. */
  async ask(code: number, request: Omit<RequestDraft, 'code'> = {}): Promise<RemotingCommand> {
    const answer = this.begin(code, request)
    await this.settle()
    if (!answer.isSettled()) throw new Error(`request ${code} is not answered at once`)
    return answer.promise
  }

  /** The same, signed. */
  askAs(username: string, password: string, code: number, request: Omit<RequestDraft, 'code'> = {}) {
    const signed = signedDraft({ code, ...request }, { accessKey: username, key: new HmacKey(password) })
    return this.ask(code, signed)
  }

  /** A request that may be answered later; its deadline is far away. */
  begin(code: number, request: Omit<RequestDraft, 'code'> = {}): Begun {
    let isSettled = false
    const promise = this.client.invoke(`127.0.0.1:${this.#port}`, { code, ...request }, 600_000)
    const done = () => {
      isSettled = true
    }
    promise.then(done, done)
    return { promise, isSettled: () => isSettled }
  }

  send(topic: string, message: SentMessage = {}): Promise<RemotingCommand> {
    return this.ask(RequestCode.SEND_MESSAGE_V2, sendRequest(topic, message))
  }

  beginSend(topic: string, message: SentMessage = {}): Begun {
    return this.begin(RequestCode.SEND_MESSAGE_V2, sendRequest(topic, message))
  }

  pull(topic: string, request: PullRequest = {}): Promise<RemotingCommand> {
    return this.ask(RequestCode.PULL_MESSAGE, pullRequest(topic, request))
  }

  beginPull(topic: string, request: PullRequest = {}): Begun {
    return this.begin(RequestCode.PULL_MESSAGE, pullRequest(topic, request))
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Lets time pass, a tick of the broker at a time. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.settle()
  }

  /** What the settings name again counts instead of the line above. */
  #confText(): string {
    const named = new Set([...this.#settings.matchAll(/^(\w+)=/gm)].map(([, key]) => key))
    const kept = CONF.split('\n').filter((line) => !named.has(line.split('=')[0]))
    return `${kept.join('\n')}\n${this.#settings}`
  }

  #make(): Broker {
    const result = parseBrokerConf(this.#confText(), 'broker.conf', testEnv)
    if (!result.ok) throw new Error(result.errors.join('\n'))
    return new Broker(result.conf, {
      disk: this.disk,
      clock: this.#process.clock,
      network: this.#process.network,
      random: new SeededRandom(1),
      logger: silentLogger,
      pid: 4711,
      physicalMemoryBytes: 2 ** 33,
      confEnv: testEnv,
      confFile: '/conf/broker.conf',
    })
  }
}

export interface Begun {
  readonly promise: Promise<RemotingCommand>
  readonly isSettled: () => boolean
}

export interface SentMessage {
  readonly body?: string | Uint8Array
  readonly properties?: string
  readonly queueId?: number
  readonly serializeType?: 0 | 1
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}

export interface PullRequest {
  readonly queueId?: number
  readonly offset?: number
  readonly tags?: string
  /** 1 commit offset, 2 suspend, 4 subscription in the request. */
  readonly sysFlag?: number
  readonly suspendMs?: number
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}

export function sendRequest(topic: string, message: SentMessage): Omit<RequestDraft, 'code'> {
  const fields = { a: 'pg', b: topic, c: 'TBW102', d: 4, e: message.queueId ?? 0, f: 0, g: START_MS - 5, h: 0 }
  return {
    fields: { ...fields, i: message.properties ?? '', j: 0, k: false, m: false, ...message.fields },
    body: Buffer.from(message.body ?? 'hello'),
    serializeType: message.serializeType ?? 0,
  }
}

export function pullRequest(topic: string, request: PullRequest): Omit<RequestDraft, 'code'> {
  return {
    fields: {
      consumerGroup: 'cg',
      topic,
      queueId: request.queueId ?? 0,
      queueOffset: request.offset ?? 0,
      maxMsgNums: 32,
      sysFlag: request.sysFlag ?? 6,
      commitOffset: 0,
      suspendTimeoutMillis: request.suspendMs ?? 15_000,
      subscription: request.tags ?? '*',
      subVersion: START_MS,
      expressionType: 'TAG',
      ...request.fields,
    },
  }
}

export function messagesOf(answer: RemotingCommand): MessageExt[] {
  return answer.body ? decodeMessages(answer.body) : []
}

export function bodiesOf(answer: RemotingCommand): string[] {
  return messagesOf(answer).map((message) => message.body.toString())
}
