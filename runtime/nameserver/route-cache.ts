import type { RouteDialect } from '../codec/route/encode-route-data.ts'
import type { RouteListener } from './route-table/topic-table.ts'

/** Above this the oldest answers are forgotten. One of four broker groups takes some 700 bytes. */
const ROUTE_CACHE_MAX_BYTES = 16 * 1024 * 1024

/**
 * Encoded routes: the one request that every client sends for each of its topics every 30 seconds. Kept until the
 * route changes.
 */
export class RouteCache implements RouteListener {
  readonly #maxBytes: number
  readonly #standard = new Map<string, Buffer>()
  readonly #fastjson = new Map<string, Buffer>()
  #bytes = 0

  constructor(maxBytes: number = ROUTE_CACHE_MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  get(topic: string, dialect: RouteDialect): Buffer | undefined {
    return this.#of(dialect).get(topic)
  }

  put(topic: string, dialect: RouteDialect, answer: Buffer): void {
    this.#remove(this.#of(dialect), topic)
    this.#of(dialect).set(topic, answer)
    this.#bytes += answer.length
    for (const answers of [this.#fastjson, this.#standard]) {
      for (const oldest of answers.keys()) {
        if (this.#bytes <= this.#maxBytes) return
        this.#remove(answers, oldest)
      }
    }
  }

  topicChanged(topic: string): void {
    this.#remove(this.#standard, topic)
    this.#remove(this.#fastjson, topic)
  }

  groupsChanged(): void {
    this.clear()
  }

  clear(): void {
    this.#standard.clear()
    this.#fastjson.clear()
    this.#bytes = 0
  }

  #of(dialect: RouteDialect): Map<string, Buffer> {
    return dialect === 'standard' ? this.#standard : this.#fastjson
  }

  #remove(answers: Map<string, Buffer>, topic: string): void {
    const answer = answers.get(topic)
    if (!answer) return
    answers.delete(topic)
    this.#bytes -= answer.length
  }
}
