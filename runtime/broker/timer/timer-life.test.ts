import { expect, test } from 'vitest'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import type { CrashKind } from '../../../test/sim/sim-disk.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { messagesOf, WholeBroker } from '../testing/whole-broker.ts'

const SETTINGS = `recallMessageEnable=true
timerRollWindowSlot=15
mappedFileSizeTimerLog=1000
timerFlushIntervalMs=300
mappedFileSizeCommitLog=20000
flushDiskType=SYNC_FLUSH
`
const STEPS = 60

interface Sent {
  readonly deliverMs: number
  readonly recallHandle: string
  recalled: 'no' | 'asked' | 'yes'
}

/** One seeded life of a broker with timers: messages near and far, recalls, files that are filled, crashes at any moment. */
class TimerLife {
  readonly #random: SeededRandom
  readonly #whole: WholeBroker
  readonly #crashes: readonly CrashKind[]
  readonly #sent = new Map<string, Sent>()

  private constructor(whole: WholeBroker, seed: number, crashes: readonly CrashKind[]) {
    this.#whole = whole
    this.#random = new SeededRandom(seed)
    this.#crashes = crashes
  }

  /** Returns how often each message that was not recalled was delivered. @throws Error for one that came too early */
  static async run(seed: number, crashes: readonly CrashKind[]): Promise<number[]> {
    const whole = await WholeBroker.start(SETTINGS, { seed })
    const life = new TimerLife(whole, seed, crashes)
    for (let i = 0; i < STEPS; i++) await life.#step()
    await life.#pass(500)
    return life.#judge()
  }

  async #step(): Promise<void> {
    const chance = this.#random.below(100)
    if (chance < 45) await this.#send(1 + this.#random.below(6))
    else if (chance < 55) await this.#recall()
    else if (chance < 85) await this.#pass(this.#random.below(25))
    else await this.#crash()
  }

  async #send(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const body = `m${this.#sent.size}`
      const deliverMs = this.#whole.clock.now() + this.#random.below(this.#random.below(4) === 0 ? 40_000 : 6_000)
      const properties = `TIMER_DELIVER_MS\x01${deliverMs}\x02UNIQ_KEY\x01${body}\x02`
      const answer = await this.#whole.send('T', { body, properties })
      if (answer.code !== 0) throw new Error(`${answer.code} ${answer.remark}`)
      this.#sent.set(body, { deliverMs, recallHandle: answer.fields['recallHandle'] ?? '', recalled: 'no' })
    }
  }

  async #recall(): Promise<void> {
    const waiting = [...this.#sent.values()].filter(({ recalled }) => recalled === 'no')
    const one = waiting[this.#random.below(Math.max(1, waiting.length))]
    if (one === undefined || one.recallHandle === '') return
    one.recalled = 'asked'
    const fields = { topic: 'T', producerGroup: 'pg', recallHandle: one.recallHandle }
    const { code } = await this.#whole.ask(RequestCode.RECALL_MESSAGE, { fields })
    one.recalled = code === 0 ? 'yes' : 'no'
  }

  async #pass(ticks: number): Promise<void> {
    for (let i = 0; i < ticks; i++) await this.#whole.advance(100)
  }

  /** Some time may go by before the broker is back; or it dies in the middle of a turn, at the next write. */
  async #crash(): Promise<void> {
    await this.#whole.advance(this.#random.below(100))
    this.#whole.crash(this.#crashes[this.#random.below(this.#crashes.length)]!)
    await this.#whole.settle()
    if (this.#random.below(2) === 0) this.#whole.clock.advance(this.#random.below(20_000))
    await this.#whole.startAgain()
  }

  async #judge(): Promise<number[]> {
    const counts = new Map<string, number>()
    for (let offset = 0; ; ) {
      const messages = messagesOf(await this.#whole.pull('T', { offset, sysFlag: 4 }))
      if (messages.length === 0) break
      for (const { body, storeTimestampMs } of messages) this.#note(counts, body.toString(), storeTimestampMs)
      offset += messages.length
    }
    const wanted = [...this.#sent].filter(([, { recalled }]) => recalled !== 'yes')
    return wanted.map(([body]) => counts.get(body) ?? 0)
  }

  #note(counts: Map<string, number>, body: string, storedMs: number): void {
    const sent = this.#sent.get(body)
    if (sent === undefined) throw new Error(`nobody sent ${body}`)
    if (sent.recalled === 'yes') throw new Error(`${body} was recalled`)
    if (storedMs < sent.deliverMs) throw new Error(`${body} came ${sent.deliverMs - storedMs} ms early`)
    counts.set(body, (counts.get(body) ?? 0) + 1)
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'seed %i: whenever the process is killed, every message is delivered once, in time, and none that was recalled',
  async (seed) => {
    const delivered = await TimerLife.run(seed, ['process'])
    expect(delivered.length).toBeGreaterThan(20)
    expect(delivered).toEqual(delivered.map(() => 1))
  },
)

test.each([11, 12, 13, 14, 15, 16])('seed %i: whenever the power is cut, no message is lost', async (seed) => {
  const delivered = await TimerLife.run(seed, ['power', 'power-worst'])
  expect(delivered.filter((count) => count === 0)).toEqual([])
})
