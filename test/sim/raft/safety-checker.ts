import type { Entry } from '../../../runtime/raft/entry.ts'
import type { RaftNode } from '../../../runtime/raft/raft-node.ts'
import { digestOf } from './register-machine.ts'

/** What was seen of one life of a member. */
interface Seen {
  /** By index, so far as the log was looked at. */
  entries: Map<number, Entry>
  commit: number
  /** Term in which it was seen to lead, and how long its log was then. */
  ledTerm: number
  ledTo: number
}

/** Raft's five safety properties, looked at after every step of every member. @throws Error that names what was broken. */
export class SafetyChecker {
  readonly #leaders = new Map<number, string>()
  /** Content and predecessor of every entry that ever stood in a log, by index and term. */
  readonly #entries = new Map<string, string>()
  readonly #committed = new Map<number, { readonly term: number; readonly by: string; readonly inTerm: number }>()
  #committedTo = 0
  readonly #applied = new Map<number, string>()
  /** Of the register, by version. */
  readonly #digests = new Map<number, number>([[0, 0]])
  readonly #seen = new Map<string, Seen>()

  get committedTo(): number {
    return this.#committedTo
  }

  /** The member has started: what it had only in memory may be gone. */
  started(id: string): void {
    this.#seen.set(id, { entries: new Map(), commit: 0, ledTerm: 0, ledTo: 0 })
  }

  check(id: string, node: RaftNode): void {
    const seen = this.#seen.get(id)!
    this.#checkLog(id, node, seen)
    this.#checkCommit(id, node, seen)
    if (node.role === 'leader') this.#checkLeader(id, node, seen)
  }

  applied(id: string, index: number, command: string, version: number): void {
    const known = this.#applied.get(index)
    if (known !== undefined && known !== command) {
      throw new Error(`state machine safety: ${id} applies "${command}" at ${index}, another member applied "${known}"`)
    }
    this.#applied.set(index, command)
    const before = this.#digests.get(version - 1)
    const digest = digestOf(before ?? 0, command)
    const expected = this.#digests.get(version)
    if (before === undefined || (expected !== undefined && expected !== digest)) {
      throw new Error(`state machine safety: ${id} makes "${command}" version ${version} of the register`)
    }
    this.#digests.set(version, digest)
  }

  restored(id: string, version: number, digest: number): void {
    if (this.#digests.get(version) !== digest) {
      throw new Error(`state machine safety: ${id} restores another version ${version} than others had`)
    }
  }

  /** Log matching: entries of the same index and term are the same and follow the same one. */
  #checkLog(id: string, { log }: RaftNode, seen: Seen): void {
    for (let index = log.lastIndex; index > log.base.index; index--) {
      const entry = log.slice(index, 0)[0]!
      if (seen.entries.get(index) === entry) break
      seen.entries.set(index, entry)
      const text = `${log.termAt(index - 1)} ${entry.kind} ${Buffer.from(entry.data).toString('latin1')}`
      const key = `${index}@${entry.term}`
      const known = this.#entries.get(key)
      if (known !== undefined && known !== text) throw new Error(`log matching: ${id} has another entry ${key}`)
      this.#entries.set(key, text)
    }
  }

  #checkCommit(id: string, { log, term: current }: RaftNode, seen: Seen): void {
    if (log.commit < seen.commit) throw new Error(`${id}: commit went back from ${seen.commit} to ${log.commit}`)
    for (let index = Math.max(seen.commit + 1, log.base.index); index <= log.commit; index++) {
      const term = log.termAt(index)!
      if (index === 0) continue
      const known = this.#committed.get(index)
      if (known !== undefined && known.term !== term) {
        throw new Error(`${id} has ${index}@${term} committed, ${known.by} had ${index}@${known.term}`)
      }
      if (known === undefined) this.#committed.set(index, { term, by: id, inTerm: current })
    }
    seen.commit = log.commit
    this.#committedTo = Math.max(this.#committedTo, log.commit)
  }

  #checkLeader(id: string, { log, term }: RaftNode, seen: Seen): void {
    const known = this.#leaders.get(term)
    if (known !== undefined && known !== id) throw new Error(`election safety: ${known} and ${id} lead in term ${term}`)
    this.#leaders.set(term, id)
    if (seen.ledTerm !== term) {
      this.#checkComplete(id, log, term)
      seen.ledTerm = term
    } else if (log.lastIndex < seen.ledTo) {
      throw new Error(`leader append-only: ${id} cut its log from ${seen.ledTo} to ${log.lastIndex} in term ${term}`)
    }
    seen.ledTo = log.lastIndex
  }

  /** Leader completeness: whoever leads has everything that was committed in earlier terms, of whatever term it is. */
  #checkComplete(id: string, log: RaftNode['log'], term: number): void {
    for (const [index, committed] of this.#committed) {
      if (index < log.base.index || committed.inTerm >= term) continue
      if (log.termAt(index) !== committed.term) {
        throw new Error(`leader completeness: ${id} leads in term ${term} without ${index}@${committed.term}`)
      }
    }
  }
}
