import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import { isLightName } from '../topics/light-names.ts'

const SEPARATOR = '@'

interface Entry {
  /** Undefined for a key that is not `topic@group`: kept and written back, but nobody's. */
  readonly topic: string | undefined
  readonly group: string | undefined
  queues: Map<number, number>
}

/** An offset per topic, group and queue. Keys are `topic@group`, as in consumerOffset.json. */
export class OffsetTable {
  readonly #entries = new Map<string, Entry>()

  /** Pairs of topic and group. */
  get count(): number {
    return this.#entries.size
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  get(topic: string, group: string, queueId: number): number | undefined {
    return this.#entries.get(topic + SEPARATOR + group)?.queues.get(queueId)
  }

  set(topic: string, group: string, queueId: number, offset: number): void {
    const key = topic + SEPARATOR + group
    const entry = this.#entries.get(key)
    const queues = new Map([[queueId, offset]])
    if (entry) entry.queues.set(queueId, offset)
    else if (group.includes(SEPARATOR)) this.#entries.set(key, { topic: undefined, group: undefined, queues })
    else this.#entries.set(key, { topic, group, queues })
  }

  /** Removes one queue and returns its offset. */
  delete(topic: string, group: string, queueId: number): number | undefined {
    const key = topic + SEPARATOR + group
    const queues = this.#entries.get(key)?.queues
    const offset = queues?.get(queueId)
    queues?.delete(queueId)
    if (queues?.size === 0) this.#entries.delete(key)
    return offset
  }

  queuesOf(topic: string, group: string): ReadonlyMap<number, number> | undefined {
    return this.#entries.get(topic + SEPARATOR + group)?.queues
  }

  replaceEntry(topic: string, group: string, queues: ReadonlyMap<number, number>): void {
    this.#entries.set(topic + SEPARATOR + group, { topic, group, queues: new Map(queues) })
  }

  deleteEntry(topic: string, group: string): void {
    this.#entries.delete(topic + SEPARATOR + group)
  }

  deleteGroup(group: string): void {
    for (const [key, entry] of this.#entries) if (entry.group === group) this.#entries.delete(key)
  }

  deleteTopic(topic: string): void {
    for (const [key, entry] of this.#entries) if (entry.topic === topic) this.#entries.delete(key)
  }

  /** Returns whether any was deleted. */
  deleteWhere(test: (group: string, topic: string, queues: ReadonlyMap<number, number>) => boolean): boolean {
    let isDeleted = false
    for (const [key, { group, topic, queues }] of this.#entries) {
      if (group === undefined || topic === undefined || !test(group, topic, queues)) continue
      this.#entries.delete(key)
      isDeleted = true
    }
    return isDeleted
  }

  /** Sets offsets behind the end of their queue to it. Returns whether there were any. */
  clamp(endOf: (topic: string, queueId: number) => number): boolean {
    let isClamped = false
    for (const { topic, queues } of this.#entries.values()) {
      if (topic === undefined) continue
      for (const [queueId, offset] of queues) {
        // A group that has not consumed anything yet is behind no end, and most have no queue to be looked up.
        const end = offset > 0 ? endOf(topic, queueId) : offset
        if (offset <= end) continue
        queues.set(queueId, end)
        isClamped = true
      }
    }
    return isClamped
  }

  topicsOf(group: string): string[] {
    const topics: string[] = []
    for (const entry of this.#entries.values()) {
      if (entry.group === group && entry.topic !== undefined) topics.push(entry.topic)
    }
    return topics
  }

  groupsOf(topic: string): string[] {
    const groups: string[] = []
    for (const entry of this.#entries.values()) {
      if (entry.topic === topic && entry.group !== undefined) groups.push(entry.group)
    }
    return groups
  }

  /** Without the groups that {@link lightText} has if `isLightApart`. */
  topicsByGroup(isLightApart = false): Map<string, string[]> {
    const byGroup = new Map<string, string[]>()
    for (const { group, topic, queues } of this.#entries.values()) {
      if (group === undefined || topic === undefined) continue
      if (isLightApart && isLight(group, queues)) continue
      const topics = byGroup.get(group)
      if (topics) topics.push(topic)
      else byGroup.set(group, [topic])
    }
    return byGroup
  }

  replaceAll(offsets: ReadonlyMap<string, ReadonlyMap<number, number>>): void {
    this.#entries.clear()
    this.putAll(offsets)
  }

  /** Takes over what goes farther than what is known here. */
  advanceAll(offsets: ReadonlyMap<string, ReadonlyMap<number, number>>): void {
    const farther = new Map<string, Map<number, number>>()
    for (const [key, queues] of offsets) {
      const merged = new Map(this.#entries.get(key)?.queues)
      for (const [queueId, offset] of queues) merged.set(queueId, Math.max(offset, merged.get(queueId) ?? -1))
      farther.set(key, merged)
    }
    this.putAll(farther)
  }

  putAll(offsets: ReadonlyMap<string, ReadonlyMap<number, number>>): void {
    for (const [key, queues] of offsets) {
      const [topic, group, more] = key.split(SEPARATOR)
      const isWhole = group !== undefined && more === undefined
      const names = isWhole ? { topic, group } : { topic: undefined, group: undefined }
      this.#entries.set(key, { ...names, queues: new Map(queues) })
    }
  }

  /**
   * As a file (with tabs, numbers as keys) or a body (without blanks, keys in quotes) has it; without the entries that
   * {@link lightText} has if `isLightApart`.
   */
  text(form: 'file' | 'body', isLightApart = false): string {
    const isFile = form === 'file'
    const texts: string[] = []
    for (const [key, { group, queues }] of this.#entries) {
      if (isLightApart && isLight(group, queues)) continue
      const lines: string[] = []
      for (const [queueId, offset] of queues)
        lines.push(isFile ? `\t\t\t${queueId}:${offset}` : `"${queueId}":${offset}`)
      const name = JSON.stringify(key)
      if (!isFile) texts.push(`${name}:{${lines.join(',')}}`)
      else texts.push(lines.length === 0 ? `\t\t${name}:{}` : `\t\t${name}:{\n${lines.join(',\n')}\n\t\t}`)
    }
    if (!isFile) return `{${texts.join(',')}}`
    return texts.length === 0 ? '{}' : `{\n${texts.join(',\n')}\n\t}`
  }

  /** The entries of groups of light queues: they have one queue, and an offset stands where others have queues. */
  lightText(form: 'file' | 'body'): string {
    const isFile = form === 'file'
    const texts: string[] = []
    for (const [key, { group, queues }] of this.#entries) {
      if (isLight(group, queues))
        texts.push(`${isFile ? '\t\t' : ''}${JSON.stringify(key)}:${queues.get(LMQ_QUEUE_ID)}`)
    }
    if (!isFile) return `{${texts.join(',')}}`
    return texts.length === 0 ? '{}' : `{\n${texts.join(',\n')}\n\t}`
  }
}

function isLight(group: string | undefined, queues: ReadonlyMap<number, number>): boolean {
  return group !== undefined && isLightName(group) && queues.size === 1 && queues.has(LMQ_QUEUE_ID)
}
