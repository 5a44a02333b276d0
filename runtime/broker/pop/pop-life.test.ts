import { expect, test } from 'vitest'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import type { CrashKind } from '../../../test/sim/sim-disk.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { PopClient, type Popped } from '../testing/pop-client.ts'
import { WholeBroker } from '../testing/whole-broker.ts'

const SETTINGS = 'flushDiskType=SYNC_FLUSH\n'
const STEPS = 100
const QUEUES = 3
const SETTLED_MS = 30_000

interface Fate {
  deliveries: number
  /** An answer said that it is acknowledged. */
  acked: boolean
  /** ... before it was to come again. */
  ackedInTime: boolean
  /** Deliveries after that. */
  afterAck: number
}

const FRESH: Fate = { deliveries: 0, acked: false, ackedInTime: false, afterAck: 0 }

/** One seeded life of a broker with consumers that pop: some acknowledge, some change times, some are never heard of again. */
class PopLife {
  readonly #random: SeededRandom
  readonly #whole: WholeBroker
  readonly #client: PopClient
  readonly #crashes: readonly CrashKind[]
  readonly #fates = new Map<string, Fate>()
  #held: Popped[] = []
  /** Kills so far. */
  kills = 0

  private constructor(whole: WholeBroker, seed: number, crashes: readonly CrashKind[]) {
    this.#whole = whole
    this.#client = new PopClient(whole)
    this.#random = new SeededRandom(seed)
    this.#crashes = crashes
  }

  /** @throws Error when a message is lost */
  static async run(seed: number, crashes: readonly CrashKind[]): Promise<PopLife> {
    const whole = await WholeBroker.start(SETTINGS, { seed })
    const life = new PopLife(whole, seed, crashes)
    for (let i = 0; i < STEPS; i++) await life.#step()
    await life.#settle()
    return life
  }

  get fates(): Fate[] {
    return [...this.#fates.values()]
  }

  async #step(): Promise<void> {
    const chance = this.#random.below(100)
    if (chance < 25) await this.#send()
    else if (chance < 50) await this.#pop(2_000 + this.#random.below(4) * 1_000)
    else if (chance < 70) await this.#ack()
    else if (chance < 76) await this.#change()
    else if (chance < 94) await this.#pass(this.#random.below(25))
    else await this.#crash()
  }

  async #send(): Promise<void> {
    for (let i = 0; i < 4; i++) {
      const body = `m${this.#fates.size}`
      const { code } = await this.#whole.send('T', { body, queueId: this.#random.below(QUEUES) })
      if (code === ResponseCode.SUCCESS) this.#fates.set(body, { ...FRESH })
    }
  }

  async #pop(invisibleTime: number): Promise<number> {
    const maxMsgNums = 1 + this.#random.below(8)
    const popped = await this.#client.pop({ maxMsgNums, invisibleTime })
    for (const message of popped) {
      const fate = this.#fates.get(message.body)
      if (fate === undefined) throw new Error(`${message.body} was never sent`)
      fate.deliveries++
      if (fate.ackedInTime) fate.afterAck++
    }
    this.#held.push(...popped)
    return popped.length
  }

  async #ack(): Promise<void> {
    if (this.#held.length === 0) return
    for (const message of this.#held.splice(this.#random.below(this.#held.length), 3)) await this.#ackOne(message)
  }

  async #ackOne(message: Popped): Promise<void> {
    const { code } = await this.#client.ack(message)
    if (code !== ResponseCode.SUCCESS) return
    const fate = this.#fates.get(message.body)!
    const [, popTime, invisibleMs] = message.handle.split(' ').map(Number)
    fate.acked = true
    if (this.#whole.clock.now() < popTime! + invisibleMs!) fate.ackedInTime = true
  }

  async #change(): Promise<void> {
    const [message] = this.#held.splice(this.#random.below(this.#held.length + 1), 1)
    if (message !== undefined) await this.#client.change(message, 1_000 + this.#random.below(5_000))
  }

  async #pass(ticks: number): Promise<void> {
    for (let i = 0; i < ticks; i++) await this.#whole.advance(100)
  }

  async #crash(): Promise<void> {
    this.kills++
    this.#whole.crash(this.#crashes[this.#random.below(this.#crashes.length)]!)
    await this.#whole.settle()
    await this.#whole.startAgain()
  }

  /** A consumer acknowledges all that comes, until nothing has come for long. */
  async #settle(): Promise<void> {
    this.#held = []
    for (let quietMs = 0; quietMs < SETTLED_MS; ) {
      const count = await this.#pop(10_000)
      quietMs = count > 0 ? 0 : quietMs + 500
      for (const message of this.#held.splice(0)) await this.#ackOne(message)
      await this.#pass(5)
    }
    const lost = [...this.#fates].filter(([, { acked }]) => !acked)
    if (lost.length > 0) throw new Error(`lost: ${lost.map(([body]) => body).join(', ')}`)
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'seed %i: whenever the process is killed, every message comes until it is acknowledged, and not after that',
  async (seed) => {
    const { fates } = await PopLife.run(seed, ['process'])
    expect(fates.length).toBeGreaterThan(20)
    expect(fates.filter(({ deliveries }) => deliveries === 0)).toEqual([])
    expect(fates.filter(({ afterAck }) => afterAck > 0)).toEqual([])
  },
)

test.each([11, 12, 13, 14])('seed %i: whenever the power is cut, no message is lost', async (seed) => {
  const { fates } = await PopLife.run(seed, ['power', 'power-worst'])
  expect(fates.filter(({ deliveries }) => deliveries === 0)).toEqual([])
})
