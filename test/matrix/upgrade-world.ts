import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver, ScenarioResult } from '../compat/driver.ts'
import { ask } from '../compat/remoting.ts'
import type { Report } from '../compat/report.ts'
import { type Server, type ServerEngine, waitUntil } from '../compat/server.ts'
import { type Conf, controllerRole } from './conf.ts'
import { layOutPair, type Pair } from './pair.ts'
import type { Side } from './side.ts'

export interface UpgradeParts {
  readonly dir: string
  readonly driver: Driver
  readonly report: Report
}

export const GROUP = 'upgraded'
export const TOPIC = 'upgrade'
const KEYS = 'up'
const IN_SET_LIMIT_MS = 60_000

/** What the controllers say of the group. */
export interface GroupState {
  readonly master: string | undefined
  readonly masterId: number | undefined
  readonly masterEpoch: number
  readonly syncStateSet: readonly number[]
}

export async function groupState(controllerAddr: string): Promise<GroupState> {
  const answer = await ask(controllerAddr, { code: 1004, extFields: { brokerName: GROUP } })
  if (answer.code !== 0) return { master: undefined, masterId: undefined, masterEpoch: 0, syncStateSet: [] }
  const { syncStateSet } = JSON.parse(answer.body.toString()) as { syncStateSet: number[] }
  const { masterAddress, masterBrokerId, masterEpoch } = answer.extFields
  const masterId = masterAddress ? Number(masterBrokerId) : undefined
  return { master: masterAddress || undefined, masterId, masterEpoch: Number(masterEpoch), syncStateSet }
}

export function awaitInSet(controllerAddr: string, count: number): Promise<void> {
  return waitUntil(`${count} replicas in the SyncStateSet`, IN_SET_LIMIT_MS, async () => {
    return (await groupState(controllerAddr)).syncStateSet.length === count
  })
}

/** A pair under controllers, in the stores of `from` (the whole folder of each broker). */
export async function takeOver(
  dir: string,
  engine: ServerEngine,
  side: Side,
  stores: readonly string[],
): Promise<Pair> {
  const conf = (): Conf => controllerRole(side.controllerAddr)
  const pair = await layOutPair(dir, GROUP, engine, side.namesrv.address, conf)
  for (const [index, store] of stores.entries()) {
    cpSync(store, storeOf(pair.brokers[index]!), { recursive: true })
  }
  return pair
}

export function storeOf(broker: Server): string {
  return String(broker.conf['storePathRootDir'])
}

/** Copies the stores of a pair that is stopped; returns the folders. */
export function copyStores(pair: Pair, dir: string, name: string): string[] {
  return pair.brokers.map((broker, index) => {
    const to = join(dir, name, String(index))
    rmSync(to, { recursive: true, force: true })
    cpSync(storeOf(broker), to, { recursive: true })
    return to
  })
}

/** Sends and consumes by an official client, and says what came of it. */
export class Clients {
  readonly #parts: UpgradeParts
  readonly #area: string
  readonly #namesrv: string

  constructor(parts: UpgradeParts, area: string, namesrv: string) {
    this.#parts = parts
    this.#area = area
    this.#namesrv = namesrv
  }

  async send(from: number, count: number): Promise<void> {
    const args = { topic: TOPIC, group: KEYS, count, from, namesrv: this.#namesrv }
    const row = await this.#parts.driver.run('fill', args)
    if (!row.ok) this.#judge(`send ${from} to ${from + count - 1}`, row)
  }

  /** The group gets these messages and no others. */
  async gets(what: string, group: string, from: number, count: number): Promise<void> {
    const args = { topic: TOPIC, group, keyGroup: KEYS, from, count, namesrv: this.#namesrv }
    this.#judge(what, await this.#parts.driver.run('drain', args))
  }

  #judge(what: string, row: ScenarioResult): void {
    this.#parts.report.check(this.#area, what, row.ok, JSON.stringify(row))
  }
}

/** Messages and problems of the log's error lines; of our brokers. */
export function errorsOf({ logFile }: Server): string[] {
  const lines = readFileSync(logFile, 'utf8').split('\n')
  const records = lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  return records
    .filter(({ level }) => level === 'error')
    .map(({ msg, problem }) => `${String(msg)} (${String(problem)})`)
}
