import type { Clock, Timer } from '../../io/clock.ts'
import type { Current } from '../metadata/current.ts'
import type { ColdAccounts, ColdSettings } from './cold-accounts.ts'
import type { ColdHeldPulls } from './cold-held-pulls.ts'

const TICK_MS = 1_000
const TICKS_PER_ROUND = 5

export interface ColdRoundsParts {
  readonly settings: Current<Pick<ColdSettings, 'coldDataFlowControlEnable'>>
  readonly clock: Clock
  readonly accounts: Pick<ColdAccounts, 'endRound' | 'forget'>
  readonly held: Pick<ColdHeldPulls, 'release' | 'releaseAll'>
}

/** Ends rounds of five seconds and holds of pulls, by a timer that there is while cold reads are limited. */
export class ColdRounds {
  readonly #parts: ColdRoundsParts
  #timer: Timer | undefined
  #ticks = 0

  constructor(parts: ColdRoundsParts) {
    this.#parts = parts
  }

  /** At the start, and when settings have changed. */
  follow(): void {
    const { settings, clock } = this.#parts
    if (!settings.current.coldDataFlowControlEnable) this.stop()
    else this.#timer ??= clock.every(TICK_MS, () => this.#tick())
  }

  stop(): void {
    if (this.#timer === undefined) return
    this.#timer.cancel()
    this.#timer = undefined
    this.#parts.accounts.forget()
    this.#parts.held.releaseAll()
  }

  #tick(): void {
    const { clock, accounts, held } = this.#parts
    this.#ticks++
    if (this.#ticks % TICKS_PER_ROUND === 0) accounts.endRound(clock.now())
    held.release(clock.monotonic())
  }
}
