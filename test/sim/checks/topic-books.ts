import type { BrokerNode } from '../nodes/broker-node.ts'

/** Topics that operators were told exist, or exist no more. */
export class TopicBooks {
  /** By group; with what nobody knows of left out. */
  readonly #made = new Map<string, Set<string>>()
  readonly #deleted = new Map<string, Set<string>>()
  #count = 0

  /** A name that no topic has had. */
  newName(): string {
    return `made-${this.#count++}`
  }

  made(group: string, topic: string): void {
    setOf(this.#made, group).add(topic)
  }

  /** One that is to be deleted: until that is answered nobody knows. */
  takeOne(group: string, pick: (topics: readonly string[]) => string | undefined): string | undefined {
    const topic = pick([...setOf(this.#made, group)])
    if (topic !== undefined) setOf(this.#made, group).delete(topic)
    return topic
  }

  deleted(group: string, topic: string): void {
    setOf(this.#deleted, group).add(topic)
  }

  /** What a broker has and should not have, or lacks. */
  problem({ group, broker, machine }: BrokerNode): string | undefined {
    const { topics } = broker!.tables
    for (const topic of setOf(this.#made, group)) {
      if (topics.find(topic) === undefined) return `topic ${topic}, which was made, is missing on ${machine.name}`
    }
    for (const topic of setOf(this.#deleted, group)) {
      if (topics.find(topic) !== undefined) return `topic ${topic}, which was deleted, is there on ${machine.name}`
    }
    return undefined
  }
}

function setOf(sets: Map<string, Set<string>>, group: string): Set<string> {
  const known = sets.get(group)
  if (known !== undefined) return known
  const made = new Set<string>()
  sets.set(group, made)
  return made
}
