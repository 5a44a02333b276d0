import type { Current } from '../metadata/current.ts'
import { type ColdStrategy, PidColdStrategy, SimpleColdStrategy } from './cold-strategy.ts'

export interface ColdSettings {
  readonly coldDataFlowControlEnable: boolean
  readonly cgColdReadThreshold: number
  readonly globalColdReadThreshold: number
  readonly coldCtrStrategyEnable: boolean
  readonly usePIDColdCtrStrategy: boolean
}

/** Groups with a limit of their own, and groups with an account; further ones have the common limit, and count for all together alone. */
export const COLD_GROUPS_MAX = 10_000
/** A group that has read nothing cold for so long has no account any more. */
const KEPT_MS = 60_000
/** What the strategy has made of a group's limit stands under this name in what administrators are shown. */
const ADAPTIVE = '||adaptive'
const GROWTH = 1.5
const SHRINKAGE = 0.8
/** The greatest limits shrink first, so many in a round. */
const SHRUNK_PER_ROUND = 3
const WANTED_SHARE = 0.8

interface Account {
  bytes: number
  lastReadMs: number
  readonly createdMs: number
}

/** What groups have read of cold data in this round, and how much they may (ColdDataCgCtrService). Bytes. */
export class ColdAccounts {
  readonly #settings: Current<ColdSettings>
  readonly #strategy: ColdStrategy
  readonly #accounts = new Map<string, Account>()
  /** Set by administrators. */
  readonly #limits = new Map<string, number>()
  /** Made by the strategy. */
  readonly #adapted = new Map<string, number>()
  #globalBytes = 0

  constructor(settings: Current<ColdSettings>) {
    this.#settings = settings
    const { usePIDColdCtrStrategy, globalColdReadThreshold } = settings.current
    this.#strategy = usePIDColdCtrStrategy
      ? new PidColdStrategy(Math.trunc(globalColdReadThreshold * WANTED_SHARE))
      : new SimpleColdStrategy(() => settings.current.globalColdReadThreshold)
  }

  read(group: string, bytes: number, nowMs: number): void {
    this.#globalBytes += bytes
    let account = this.#accounts.get(group)
    if (account === undefined) {
      if (this.#accounts.size >= COLD_GROUPS_MAX) return
      account = { bytes: 0, lastReadMs: nowMs, createdMs: nowMs }
      this.#accounts.set(group, account)
    }
    account.bytes += bytes
    account.lastReadMs = nowMs
  }

  /** Whether the group is to read nothing cold in this round any more. */
  isOver(group: string): boolean {
    if (!this.#settings.current.coldDataFlowControlEnable) return false
    const account = this.#accounts.get(group)
    if (account === undefined) return false
    return account.bytes >= this.#limitOf(group) || this.#globalBytes >= this.#settings.current.globalColdReadThreshold
  }

  /** False when too many groups have one. */
  setLimit(group: string, bytes: number): boolean {
    if (this.#limits.size >= COLD_GROUPS_MAX && !this.#limits.has(group)) return false
    this.#limits.set(group, bytes)
    return true
  }

  removeLimit(group: string): void {
    this.#limits.delete(group)
  }

  /** Everybody may read again. */
  endRound(nowMs: number): void {
    const isAdapting = this.#settings.current.coldCtrStrategyEnable
    if (isAdapting) this.#strategy.collect(this.#globalBytes)
    for (const [group, account] of this.#accounts) {
      if (nowMs >= account.lastReadMs + KEPT_MS) {
        this.#accounts.delete(group)
        this.#adapted.delete(group)
        continue
      }
      if (isAdapting && account.bytes >= this.#limitOf(group)) this.#promote(group)
      account.bytes = 0
    }
    if (isAdapting) this.#decelerate()
    else this.#adapted.clear()
    this.#globalBytes = 0
  }

  #promote(group: string): void {
    if (this.#globalBytes > this.#settings.current.globalColdReadThreshold || this.#limits.has(group)) return
    if (this.#strategy.promotes) this.#adapted.set(group, Math.trunc(this.#limitOf(group) * GROWTH))
  }

  #decelerate(): void {
    if (!this.#strategy.decelerates) return
    const adapted = [...this.#adapted].filter(([group]) => !this.#limits.has(group))
    const greatest = adapted.sort(([, a], [, b]) => b - a).slice(0, SHRUNK_PER_ROUND)
    const least = this.#settings.current.cgColdReadThreshold
    for (const [group, limit] of greatest) this.#adapted.set(group, Math.max(Math.trunc(limit * SHRINKAGE), least))
  }

  #limitOf(group: string): number {
    const { coldCtrStrategyEnable, cgColdReadThreshold } = this.#settings.current
    const adapted = coldCtrStrategyEnable ? this.#adapted.get(group) : undefined
    return this.#limits.get(group) ?? adapted ?? cgColdReadThreshold
  }

  /** Nothing is counted any more; limits that administrators have set stay. */
  forget(): void {
    this.#accounts.clear()
    this.#adapted.clear()
    this.#globalBytes = 0
  }

  /** What GET_COLD_DATA_FLOW_CTR_INFO answers, with its fields in the order of the official answer: tools print it as it is. */
  describe(): object {
    const { cgColdReadThreshold, globalColdReadThreshold } = this.#settings.current
    const accounts = [...this.#accounts].map(([group, { bytes, createdMs, lastReadMs }]) => {
      return [group, { coldAcc: bytes, createTimeMills: createdMs, lastColdReadTimeMills: lastReadMs }] as const
    })
    const adapted = [...this.#adapted].map(([group, limit]) => [group + ADAPTIVE, limit] as const)
    return {
      runtimeTable: Object.fromEntries(accounts),
      configTable: Object.fromEntries([...this.#limits, ...adapted]),
      cgColdReadThreshold,
      globalColdReadThreshold,
      globalAcc: this.#globalBytes,
    }
  }
}
