import { OffsetWindow } from './offset-window.ts'

/** One transaction whose half message was stored again, perhaps several times, or put aside. */
interface Chain {
  /** The copy that is checked next. */
  latest: number
  isEnded: boolean
  /** Nobody is asked any more. */
  isAside: boolean
}

/**
 * Where a transaction stands that somebody wants to end: `open`; `ended`; or `unknown`, when its half message lies below the
 * window: it has ended some time ago, or was put aside.
 */
export type Standing = 'open' | 'ended' | 'unknown'

/** Copies remembered of transactions that were checked: answers to earlier checks may come late. */
export const COPIES_MAX = 100_000

/**
 * Which half messages are settled. Positions as Apache RocketMQ keeps them among the consumer offsets of its group
 * CID_RMQ_SYS_TRANS: every half message below `halfOffset` is settled, and so no op message below `opOffset` says anything
 * that is still needed. Two kinds of knowledge:
 *
 * - *settled*: an op message that readers are shown names it. Positions rest on this alone, so that they never say more
 *   than the log a successor has.
 * - *ended*: this broker has staged that op message: because it was told how the transaction ends, or has stored the
 *   message again as a copy that stands for it from now on. Nobody asks about it again.
 */
export class HalfProgress {
  readonly #settled: OffsetWindow
  readonly #ended: OffsetWindow
  readonly #chains = new Map<number, Chain>()
  /** By unique key, copies that were found in the queue after a start. */
  readonly #found = new Map<string, number>()
  /** Of the op messages from `opOffset` on, the highest half offset each one names. */
  readonly #opMax: number[] = []
  #opOffset: number
  #opRead: number

  constructor(halfOffset: number, opOffset: number) {
    this.#settled = new OffsetWindow(halfOffset)
    this.#ended = new OffsetWindow(halfOffset)
    this.#opOffset = opOffset
    this.#opRead = opOffset
  }

  get halfOffset(): number {
    return this.#settled.base
  }

  get opOffset(): number {
    return this.#opOffset
  }

  /** Where reading op messages goes on. */
  get opRead(): number {
    return this.#opRead
  }

  /** The next half message from `from` on that nobody knows the end of. */
  nextOpen(from: number): number {
    let offset = from
    for (;;) {
      const next = this.#ended.firstMissing(this.#settled.firstMissing(offset))
      if (next === offset) return offset
      offset = next
    }
  }

  /** Of the half message at `offset`, by whichever copy of it is known. */
  standing(offset: number, uniqueKey: string): Standing {
    const chain = this.#chains.get(offset) ?? this.#foundChain(offset, uniqueKey)
    if (chain !== undefined) return chain.isEnded ? 'ended' : 'open'
    if (offset < this.halfOffset) return 'unknown'
    return this.#isOpen(offset) ? 'open' : 'ended'
  }

  /** The open half message at `copy` is a copy of an earlier one: this process did not make it, or has forgotten. */
  found(copy: number, uniqueKey: string): void {
    if (!this.#chains.has(copy)) this.#found.set(uniqueKey, copy)
    if (this.#found.size > COPIES_MAX) this.#found.delete(this.#found.keys().next().value!)
  }

  #isOpen(offset: number): boolean {
    return offset >= this.halfOffset && !this.#ended.has(offset) && !this.#settled.has(offset)
  }

  /** What is open itself needs no copy to stand for it. */
  #foundChain(offset: number, uniqueKey: string): Chain | undefined {
    const copy = this.#found.get(uniqueKey)
    if (copy === undefined || copy === offset || this.#isOpen(offset)) return undefined
    const chain = this.#chains.get(copy) ?? { latest: copy, isEnded: !this.#isOpen(copy), isAside: false }
    this.#remember(offset, chain)
    this.#remember(copy, chain)
    return chain
  }

  /** The transaction ends. Returns the offset an op message has to name: of the last copy. */
  end(offset: number): number {
    const chain = this.#chains.get(offset)
    if (chain !== undefined) chain.isEnded = true
    const latest = chain?.latest ?? offset
    this.#ended.add(latest)
    return latest
  }

  /** What {@link end} noted did not get into the log. */
  unend(offset: number): void {
    const chain = this.#chains.get(offset)
    if (chain !== undefined) chain.isEnded = false
    this.#ended.delete(chain?.latest ?? offset)
  }

  /** The half message was stored again at `copy`; an op message has to name the old one. */
  copied(offset: number, copy: number): void {
    const chain = this.#chains.get(offset) ?? { latest: copy, isEnded: false, isAside: false }
    chain.latest = copy
    this.#remember(offset, chain)
    this.#remember(copy, chain)
    this.#ended.add(offset)
  }

  /** The copy did not get into the log. */
  uncopied(offset: number): void {
    const chain = this.#chains.get(offset)
    this.#ended.delete(offset)
    if (chain === undefined) return
    this.#chains.delete(chain.latest)
    chain.latest = offset
  }

  /** Nobody ended it in time: it is put aside. A producer may still end it. An op message has to name it. */
  putAside(offset: number): void {
    const chain = this.#chains.get(offset) ?? { latest: offset, isEnded: false, isAside: true }
    chain.isAside = true
    this.#remember(offset, chain)
    this.#ended.add(offset)
  }

  unputAside(offset: number): void {
    const chain = this.#chains.get(offset)
    if (chain !== undefined) chain.isAside = false
    this.#ended.delete(offset)
  }

  isAside(offset: number): boolean {
    return this.#chains.get(offset)?.isAside ?? false
  }

  /** The op message at {@link opRead} names these half messages. */
  readOp(halfOffsets: readonly number[]): void {
    let max = -1
    for (const offset of halfOffsets) {
      this.#settled.add(offset)
      max = Math.max(max, offset)
    }
    this.#opMax.push(max)
    this.#opRead++
  }

  /** Op messages up to `offset` are gone from their queue. */
  skipOps(offset: number): void {
    while (this.#opRead < offset) this.readOp([])
  }

  /** Half messages up to `offset` are gone from their queue. */
  skipHalves(offset: number): void {
    this.#settled.moveTo(offset)
    this.#ended.moveTo(offset)
  }

  /** Moves the positions on over what is settled. True when one changed. */
  advance(): boolean {
    const { halfOffset, opOffset } = this
    this.skipHalves(this.#settled.firstMissing(halfOffset))
    let done = 0
    while (done < this.#opMax.length && this.#opMax[done]! < this.halfOffset) done++
    this.#opMax.splice(0, done)
    this.#opOffset += done
    return halfOffset !== this.halfOffset || opOffset !== this.#opOffset
  }

  #remember(offset: number, chain: Chain): void {
    this.#chains.delete(offset)
    this.#chains.set(offset, chain)
    if (this.#chains.size > COPIES_MAX) this.#chains.delete(this.#chains.keys().next().value!)
  }
}
