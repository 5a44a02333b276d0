/** Messages that are popped and neither acknowledged nor come again, per group and queue; since this broker is master. */
export class InflightCount {
  readonly #counts = new Map<string, number>()
  /** Of what was popped before nothing is known. */
  #sinceMs = 0

  of(topic: string, group: string, queueId: number): number {
    return this.#counts.get(`${topic}@${group}@${queueId}`) ?? 0
  }

  add(topic: string, group: string, queueId: number, count: number): void {
    const key = `${topic}@${group}@${queueId}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count)
  }

  /** `popTime`: when they were popped. */
  remove(topic: string, group: string, queueId: number, popTime: number, count: number): void {
    if (this.#counts.size === 0 || popTime < this.#sinceMs) return
    const key = `${topic}@${group}@${queueId}`
    const known = this.#counts.get(key)
    if (known === undefined) return
    if (known > count) this.#counts.set(key, known - count)
    else this.#counts.delete(key)
  }

  clear(topic: string, group: string, queueId: number): void {
    if (this.#counts.size > 0) this.#counts.delete(`${topic}@${group}@${queueId}`)
  }

  /** This broker became master. */
  reset(nowMs: number): void {
    this.#counts.clear()
    this.#sinceMs = nowMs
  }
}
