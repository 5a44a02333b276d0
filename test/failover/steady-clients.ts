import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver, RunningScenario, ScenarioResult } from '../compat/driver.ts'
import { waitUntil } from '../compat/server.ts'
import { type Delivery, type Ledger, parseDeliveries, parseLedger } from './ledger.ts'

const RUN_LIMIT_MS = 7_200_000

export interface SteadyOptions {
  readonly driver: Driver
  readonly dir: string
  readonly namesrvAddr: string
  readonly topic: string
  /** Between two sends. */
  readonly everyMs: number
  /** How often the clients look at the routes; left out: as they do by themselves, every 30 s. */
  readonly pollMs?: number
  readonly timeoutMs?: number
}

/** An official producer that sends all the time, and an official consumer that gets it, queue by queue in order. */
export class SteadyClients {
  readonly #producer: RunningScenario
  readonly #consumer: RunningScenario
  readonly #sentFile: string
  readonly #receivedFile: string

  private constructor(options: SteadyOptions) {
    const { driver, dir, namesrvAddr, topic, everyMs, pollMs, timeoutMs } = options
    this.#sentFile = join(dir, 'sent.tsv')
    this.#receivedFile = join(dir, 'received.tsv')
    const common = { namesrv: namesrvAddr, topic, ...(pollMs === undefined ? {} : { pollMs }) }
    const sending = { ...common, group: 'steady', file: this.#sentFile, everyMs }
    this.#producer = driver.start(
      'steady-send',
      timeoutMs === undefined ? sending : { ...sending, timeoutMs },
      RUN_LIMIT_MS,
    )
    this.#consumer = driver.start(
      'steady-consume',
      { ...common, group: 'steady-consumer', file: this.#receivedFile },
      RUN_LIMIT_MS,
    )
  }

  /** Resolves when the first message has been sent. */
  static async start(options: SteadyOptions): Promise<SteadyClients> {
    const clients = new SteadyClients(options)
    await clients.#producer.awaitEvent('begun')
    await clients.#consumer.awaitEvent('begun')
    return clients
  }

  ledger(): Ledger {
    return parseLedger(readFileSync(this.#sentFile, 'utf8'))
  }

  deliveries(): Delivery[] {
    return parseDeliveries(readFileSync(this.#receivedFile, 'utf8'))
  }

  /** Stops the producer; gives the consumer time to get everything that was acknowledged, and stops it. */
  async stop(limitMs: number): Promise<void> {
    this.#producer.signal('stop')
    check('producer', await this.#producer.result)
    const { acked } = this.ledger()
    await waitUntil('the consumer gets everything', limitMs, () => {
      const got = new Set(this.deliveries().map(({ key }) => key))
      return acked.every(({ key }) => got.has(key))
    }).catch(() => undefined) // The verdict names what is missing.
    this.#consumer.signal('stop')
    check('consumer', await this.#consumer.result)
  }

  /** Stops both, if they have not been, whatever became of them. */
  async abandon(): Promise<void> {
    for (const client of [this.#producer, this.#consumer]) client.signal('stop')
    await Promise.allSettled([this.#producer.result, this.#consumer.result])
  }
}

function check(who: string, { faults }: ScenarioResult): void {
  if (faults.length > 0) throw new Error(`the ${who} failed: ${faults.join('; ')}`)
}
