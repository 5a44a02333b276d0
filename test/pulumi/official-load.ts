import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Driver } from '../compat/driver.ts'
import { waitUntil } from '../compat/server.ts'
import { SteadyClients } from '../failover/steady-clients.ts'
import { type Figures, figuresOf } from '../rollout/figures.ts'

const EVERY_MS = 10
const CONSUMED_WITHIN_MS = 60_000

/** Official Java clients with their usual settings that send and consume while a stack changes. */
export class OfficialLoad {
  readonly #dir: string
  readonly #driver: Driver
  readonly #clients: SteadyClients

  private constructor(dir: string, driver: Driver, clients: SteadyClients) {
    this.#dir = dir
    this.#driver = driver
    this.#clients = clients
  }

  /** Resolves when messages are sent and consumed. @param topic exists already */
  static async start(namesrvAddr: string, topic: string): Promise<OfficialLoad> {
    const dir = mkdtempSync(join(tmpdir(), 'gantry-load-'))
    mkdirSync(join(dir, 'driver'))
    const driver = new Driver('JSON', join(dir, 'driver'))
    const clients = await SteadyClients.start({ driver, dir, namesrvAddr, topic, everyMs: EVERY_MS })
    const load = new OfficialLoad(dir, driver, clients)
    await waitUntil('the consumer gets messages', CONSUMED_WITHIN_MS, () => clients.deliveries().length > 0)
    return load
  }

  /** Ends it when everything acknowledged has been consumed. @returns what they saw between two times, ms since 1970 */
  async stop(): Promise<(fromMs: number, toMs: number) => Figures> {
    await this.#clients.stop(CONSUMED_WITHIN_MS)
    const [ledger, deliveries] = [this.#clients.ledger(), this.#clients.deliveries()]
    return (fromMs, toMs) => figuresOf(ledger, deliveries, fromMs, toMs)
  }

  /** Whatever became of it. */
  async close(): Promise<void> {
    await this.#driver.close()
    rmSync(this.#dir, { recursive: true })
  }
}
