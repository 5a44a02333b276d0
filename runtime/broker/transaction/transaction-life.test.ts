import { expect, test } from 'vitest'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import type { CrashKind } from '../../../test/sim/sim-disk.ts'
import { COMMIT, type Half, ROLLBACK, TransactionClient } from '../testing/transaction-client.ts'
import { bodiesOf, WholeBroker } from '../testing/whole-broker.ts'

const SETTINGS = 'transactionCheckInterval=5000\ntransactionCheckMax=1000\nflushDiskType=SYNC_FLUSH\n'
const STEPS = 80

/** One seeded life of a broker with transactions: half messages, ends that may get lost, questions, crashes. */
class TransactionLife {
  readonly #random: SeededRandom
  readonly #whole: WholeBroker
  readonly #crashes: readonly CrashKind[]
  #producer: TransactionClient
  #open: { half: Half; decision: number }[] = []
  /** By unique key: how each transaction was to end. */
  readonly #decisions = new Map<string, number>()
  #answered = 0
  #producers = 0

  private constructor(whole: WholeBroker, producer: TransactionClient, seed: number, crashes: readonly CrashKind[]) {
    this.#whole = whole
    this.#producer = producer
    this.#random = new SeededRandom(seed)
    this.#crashes = crashes
  }

  /** Returns how often each committed message was delivered. @throws Error when one is missing or should not be there */
  static async run(seed: number, crashes: readonly CrashKind[]): Promise<number[]> {
    const whole = await WholeBroker.start(SETTINGS, { seed })
    const producer = await new TransactionClient(whole, 'p0').join()
    const life = new TransactionLife(whole, producer, seed, crashes)
    for (let i = 0; i < STEPS; i++) await life.#step()
    await life.#settle()
    return life.#judge()
  }

  async #step(): Promise<void> {
    const chance = this.#random.below(100)
    if (chance < 40) await this.#begin()
    else if (chance < 65) await this.#end()
    else if (chance < 75) await this.#answer()
    else if (chance < 95) await this.#pass(this.#random.below(60))
    else await this.#crash()
  }

  async #begin(): Promise<void> {
    const decision = this.#random.below(3) === 0 ? ROLLBACK : COMMIT
    const half = await this.#producer.half({ UNIQ_KEY: `key-${this.#decisions.size}` })
    this.#decisions.set(half.key, decision)
    this.#open.push({ half, decision })
  }

  /** A third of the ends never reaches the broker. */
  async #end(): Promise<void> {
    if (this.#open.length === 0) return
    const [one] = this.#open.splice(this.#random.below(this.#open.length), 1)
    if (this.#random.below(3) > 0) await this.#producer.end(one!.half, one!.decision)
  }

  async #answer(): Promise<void> {
    const check = this.#producer.checks[this.#answered]
    if (check === undefined) return
    const decision = this.#decisions.get(check.fields['transactionId']!)
    if (decision === undefined) throw new Error(`asked about ${check.fields['transactionId']}, which nobody sent`)
    await this.#producer.answer(this.#answered++, decision)
  }

  async #pass(ticks: number): Promise<void> {
    for (let i = 0; i < ticks; i++) await this.#whole.advance(100)
  }

  async #crash(): Promise<void> {
    this.#whole.crash(this.#crashes[this.#random.below(this.#crashes.length)]!)
    await this.#whole.settle()
    await this.#whole.startAgain()
    this.#answered = 0
    this.#producer = await new TransactionClient(this.#whole, `p${++this.#producers}`).join()
  }

  /** The producer answers everything until nobody asks any more. */
  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      await this.#pass(120)
      quiet = this.#answered < this.#producer.checks.length ? 0 : quiet + 1
      while (this.#answered < this.#producer.checks.length) await this.#answer()
    }
  }

  async #judge(): Promise<number[]> {
    const counts = new Map<string, number>()
    for (let offset = 0; ; ) {
      const answer = await this.#whole.pull('T', { queueId: 1, offset, sysFlag: 4 })
      const bodies = bodiesOf(answer)
      if (bodies.length === 0) break
      for (const body of bodies) counts.set(body, (counts.get(body) ?? 0) + 1)
      offset += bodies.length
    }
    const wanted = [...this.#decisions].filter(([, decision]) => decision === COMMIT).map(([key]) => `body of ${key}`)
    const delivered = wanted.map((body) => counts.get(body) ?? 0)
    for (const body of wanted) counts.delete(body)
    if (counts.size > 0) throw new Error(`delivered though rolled back: ${[...counts.keys()].join(', ')}`)
    return delivered
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'seed %i: whenever the process is killed, what was committed is delivered once, and nothing else',
  async (seed) => {
    const delivered = await TransactionLife.run(seed, ['process'])
    expect(delivered.length).toBeGreaterThan(5)
    expect(delivered).toEqual(delivered.map(() => 1))
  },
)

test.each([11, 12, 13, 14])(
  'seed %i: whenever the power is cut, nothing that was committed is lost, and nothing else delivered',
  async (seed) => {
    const delivered = await TransactionLife.run(seed, ['power', 'power-worst'])
    expect(delivered.filter((count) => count === 0)).toEqual([])
  },
)
