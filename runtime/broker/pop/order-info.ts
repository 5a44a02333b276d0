import {
  asInteger,
  asObject,
  integerField,
  integerKeyed,
  listField,
  objectField,
  textField,
} from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'

/*
 * What a group has of one queue that it consumes in order, as consumerOrderInfo.json has it:
 *
 *   {"a":"attempt","cm":1,"i":60000,"l":1700000000000,"o":[7,1,2],"oc":{8:1},"ot":{8:1700000060000},"popTime":1700000000000}
 *
 * o: the first offset, and how far the others lie behind it. cm: bits of those that are acknowledged. ot: when one that is not
 * may be popped again, where that was changed. oc: how often each was popped before. i: invisible time. l: last pop.
 */

/** commitAndNext: the offset is none of these messages; nothing is to be committed. */
export const Commit = { illegal: -1, nothing: -2 } as const

export class OrderInfo {
  readonly attemptId: string | undefined
  readonly popTime: number
  invisibleMs: number
  readonly offsets: readonly number[]
  readonly lastPopMs: number
  /** By offset; of those that were popped before. */
  consumed: ReadonlyMap<number, number>
  /** By offset. */
  readonly nextVisible: Map<number, number>
  readonly #acked: Set<number>

  constructor(fields: {
    readonly attemptId: string | undefined
    readonly popTime: number
    readonly invisibleMs: number
    readonly offsets: readonly number[]
    readonly lastPopMs: number
    readonly consumed?: ReadonlyMap<number, number>
    readonly nextVisible?: ReadonlyMap<number, number>
    readonly acked?: Iterable<number>
  }) {
    this.attemptId = fields.attemptId
    this.popTime = fields.popTime
    this.invisibleMs = fields.invisibleMs
    this.offsets = fields.offsets
    this.lastPopMs = fields.lastPopMs
    this.consumed = fields.consumed ?? new Map()
    this.nextVisible = new Map(fields.nextVisible)
    this.#acked = new Set(fields.acked)
  }

  /** What the messages of a pop that follows have been through: how often those that come again have been popped. */
  consumedBefore(attemptId: string | undefined, offsets: readonly number[]): ReadonlyMap<number, number> {
    // The same attempt has not got its answer: it is no further time.
    if (this.attemptId !== undefined && this.attemptId === attemptId) return this.consumed
    const known = new Set(this.offsets)
    const again = offsets.filter((offset) => known.has(offset))
    return new Map(again.map((offset) => [offset, (this.consumed.get(offset) ?? 0) + 1]))
  }

  /** Until when the queue gives nothing to others because messages are under way; 0 when it gives. */
  blockedUntil(attemptId: string | undefined, invisibleMs: number, nowMs: number): number {
    if (this.attemptId !== undefined && this.attemptId === attemptId) return 0
    if (this.invisibleMs <= 0) this.invisibleMs = invisibleMs
    for (const offset of this.offsets) {
      if (this.#acked.has(offset)) continue
      const visibleMs = this.nextVisible.get(offset) ?? this.popTime + this.invisibleMs
      if (nowMs < visibleMs) return visibleMs
    }
    return 0
  }

  /** All of them are acknowledged. */
  get isDone(): boolean {
    return this.offsets.every((offset) => this.#acked.has(offset))
  }

  /** When the last of those that are not acknowledged may be popped again; the pop's own time without such. */
  get lastVisibleMs(): number {
    let last = this.popTime
    for (const offset of this.offsets) {
      if (this.#acked.has(offset)) continue
      last = Math.max(last, this.nextVisible.get(offset) ?? this.popTime + this.invisibleMs)
    }
    return last
  }

  /** All of them come again then; that they were popped this time does not count. */
  suspend(untilMs: number): void {
    this.consumed = new Map([...this.consumed].map(([offset, times]) => [offset, Math.max(0, times - 1)]))
    this.nextVisible.clear()
    this.invisibleMs = untilMs - this.popTime
  }

  /** Where the group's offset goes, or one of {@link Commit}. */
  commit(offset: number, popTime: number): number {
    if (this.offsets.length === 0) return Commit.illegal
    if (popTime !== this.popTime) return Commit.nothing
    if (!this.offsets.includes(offset)) return Commit.illegal
    this.#acked.add(offset)
    const open = this.offsets.find((one) => !this.#acked.has(one))
    return open ?? this.offsets.at(-1)! + 1
  }

  toJson(): object {
    const [first = 0, ...others] = this.offsets
    let bits = 0
    this.offsets.forEach((offset, i) => {
      if (this.#acked.has(offset)) bits += 2 ** i
    })
    return {
      a: this.attemptId,
      cm: bits,
      i: this.invisibleMs,
      l: this.lastPopMs,
      o: Float64Array.of(first, ...others.map((offset) => offset - first)),
      oc: this.consumed.size > 0 ? this.consumed : undefined,
      ot: this.nextVisible.size > 0 ? this.nextVisible : undefined,
      popTime: this.popTime,
    }
  }
}

/** @throws JsonFieldError */
export function readOrderInfo(value: JsonValue): OrderInfo {
  const object = asObject(value, 'order info')
  const list = listField(object, 'o')?.map((offset) => asInteger(offset, 'o')) ?? []
  const offsets = list.map((offset, i) => (i === 0 ? offset : list[0]! + offset))
  const bits = integerField(object, 'cm') ?? 0
  const byOffset = (name: string) =>
    new Map(integerKeyed(objectField(object, name) ?? {}).map(([key, one]) => [key, asInteger(one, name)]))
  return new OrderInfo({
    attemptId: textField(object, 'a'),
    popTime: integerField(object, 'popTime') ?? 0,
    invisibleMs: integerField(object, 'i') ?? 0,
    offsets,
    lastPopMs: integerField(object, 'l') ?? 0,
    consumed: byOffset('oc'),
    nextVisible: byOffset('ot'),
    acked: offsets.filter((_, i) => Math.floor(bits / 2 ** i) % 2 === 1),
  })
}
