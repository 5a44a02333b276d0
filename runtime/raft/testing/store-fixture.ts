import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { crc32 } from '../../codec/crc32.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Entry, EntryId } from '../entry.ts'
import type { HardState } from '../hard-state.ts'
import type { SnapshotInfo } from '../message.ts'
import type { Write } from '../raft-node.ts'
import { RaftStorage } from '../storage/raft-storage.ts'
import { command, group } from './entries.ts'

export const STORE_FOLDER = '/raft'

/** Remembers what was logged. */
export class LogLines implements Logger {
  readonly lines: string[] = []

  debug(_fields: object, message: string): void {
    this.lines.push(`debug ${message}`)
  }

  info(_fields: object, message: string): void {
    this.lines.push(`info ${message}`)
  }

  warn(_fields: object, message: string): void {
    this.lines.push(`warn ${message}`)
  }

  error(_fields: object, message: string): void {
    this.lines.push(`error ${message}`)
  }
}

/** A store on a simulated disk, with what it was told and what it has reported durable. */
export class StoreFixture {
  readonly disk: SimDisk
  readonly logger = new LogLines()
  readonly #segmentBytes: number
  storage!: RaftStorage
  failure: Error | undefined
  #number = 0
  /** What was written, whether durable or not. */
  hard: HardState | undefined
  snapshot: EntryId = { index: 0, term: 0 }
  entries: Entry[] = []
  /** A snapshot up to here may be under way: it is applied, and never replaced. */
  savedTo = 0
  /** What must be there after anything: copies of the above as of the last write that was reported durable. */
  durable: { hard: HardState | undefined; last: EntryId; snapshot: EntryId; entries: readonly Entry[] }
  /** Every entry that was ever handed over, as text: nothing else may ever be read. */
  readonly #written = new Set<string>()

  constructor(disk = new SimDisk({ syncs: 'manual' }), segmentBytes = 512) {
    this.disk = disk
    this.#segmentBytes = segmentBytes
    this.durable = { hard: undefined, last: this.snapshot, snapshot: this.snapshot, entries: [] }
  }

  open(): void {
    this.failure = undefined
    this.storage = RaftStorage.open({
      disk: this.disk,
      folder: STORE_FOLDER,
      random: new SeededRandom(1),
      logger: this.logger,
      group: 'g',
      selfId: 'n0',
      segmentBytes: this.#segmentBytes,
      onFailed: (error) => {
        this.failure = error
      },
    })
    this.hard = this.storage.restored.hard
  }

  get last(): EntryId {
    const { index, term } = this.entries.at(-1) ?? this.snapshot
    return { index, term }
  }

  /** Appends behind `previous`, replacing what follows it. */
  append(previous: number, term: number, texts: readonly string[], commit = this.snapshot.index): void {
    const entries = texts.map((text, i) => command(previous + 1 + i, term, text))
    const previousTerm = this.#termAt(previous)
    this.entries = [...this.entries.filter(({ index }) => index <= previous), ...entries]
    for (const entry of entries) this.#written.add(textOf(entry))
    this.#write({ entries, previousTerm, commit })
  }

  vote(term: number, vote: string | undefined): void {
    this.hard = { ...this.hard!, term, vote }
    this.#write({ hard: this.hard })
  }

  /** As from a leader: replaces the log. */
  install(id: EntryId, text: string): void {
    const bytes = Buffer.from(text)
    this.snapshot = id
    this.entries = []
    this.#write({ snapshot: { info: infoOf(id, bytes), bytes }, commit: id.index })
  }

  /** Of this node's own state machine. */
  save(index: number, text: string): void {
    const id = { index, term: this.#termAt(index) }
    const bytes = Buffer.from(text)
    this.savedTo = index
    this.storage.saveSnapshot(infoOf(id, bytes), bytes, () => {
      if (id.index <= this.snapshot.index) return
      this.snapshot = id
      this.entries = this.entries.filter((entry) => entry.index > index)
      this.durable = { ...this.durable, snapshot: id }
      this.storage.dropBefore(index + 1)
    })
  }

  /** Until nothing is under way. */
  settle(): void {
    while (this.disk.completeSyncs() > 0);
  }

  close(): void {
    this.storage.close(() => {})
    this.settle()
  }

  /** What is read must be what was written, without a gap, and hold all that was durable. Returns how far it goes. */
  checkRestored(): EntryId {
    const { hard, snapshot, entries, commit } = this.storage.restored
    const base = snapshot ?? { index: 0, term: 0 }
    let last: EntryId = { index: base.index, term: base.term }
    for (const entry of entries) {
      if (entry.index !== last.index + 1 || entry.term < last.term)
        throw new Error(`entry ${entry.index} does not follow`)
      if (!this.#written.has(textOf(entry))) throw new Error(`entry ${textOf(entry)} was never written`)
      last = { index: entry.index, term: entry.term }
    }
    if (commit < base.index || commit > last.index)
      throw new Error(`commit ${commit} of ${base.index} to ${last.index}`)
    if (hard.lost === undefined) this.#checkDurable(base, entries, last)
    return last
  }

  /** Goes on with what was read. */
  adopt(): void {
    const { hard, snapshot, entries } = this.storage.restored
    this.hard = hard
    this.snapshot = snapshot ? { index: snapshot.index, term: snapshot.term } : { index: 0, term: 0 }
    this.entries = [...entries]
    this.#number = 0
    this.savedTo = this.snapshot.index
    this.durable = { hard, last: this.last, snapshot: this.snapshot, entries: this.entries }
  }

  /** A log may have been replaced since by a write that was not reported: then it ends in a later term. */
  #checkDurable(base: EntryId, entries: readonly Entry[], last: EntryId): void {
    const { durable } = this
    const restored = this.storage.restored.hard
    if (durable.hard && restored.term < durable.hard.term) throw new Error(`term ${restored.term} fell`)
    if (
      durable.hard &&
      restored.term === durable.hard.term &&
      durable.hard.vote &&
      restored.vote !== durable.hard.vote
    ) {
      throw new Error(`the vote for ${durable.hard.vote} is forgotten`)
    }
    if (base.index < durable.snapshot.index) throw new Error(`the snapshot at ${durable.snapshot.index} is gone`)
    if (last.term < durable.last.term || (last.term === durable.last.term && last.index < durable.last.index)) {
      throw new Error(`the log went to ${durable.last.index}@${durable.last.term}, now to ${last.index}@${last.term}`)
    }
    if (last.term !== durable.last.term) return
    for (const entry of durable.entries) {
      if (entry.index <= base.index) continue
      const found = entries[entry.index - base.index - 1]
      if (!found || textOf(found) !== textOf(entry)) throw new Error(`entry ${textOf(entry)} is lost`)
    }
  }

  #termAt(index: number): number {
    return index === this.snapshot.index
      ? this.snapshot.term
      : this.entries.find((entry) => entry.index === index)!.term
  }

  #write(some: Partial<Write>): void {
    const number = ++this.#number
    const write: Write = {
      number,
      hard: undefined,
      snapshot: undefined,
      entries: [],
      previousTerm: this.last.term,
      commit: this.snapshot.index,
      ...some,
    }
    const now = { hard: this.hard, last: this.last, snapshot: this.snapshot, entries: [...this.entries] }
    this.storage.write(write, () => {
      this.durable = now
    })
  }
}

function textOf({ index, term, data }: Entry): string {
  return `${index}@${term} ${Buffer.from(data).toString('latin1')}`
}

function infoOf({ index, term }: EntryId, bytes: Buffer): SnapshotInfo {
  return { index, term, membership: group(3), totalBytes: bytes.length, checksum: crc32(bytes, 0, bytes.length) }
}

/** Turns over one bit. */
export function damage(disk: SimDisk, path: string, byte: number, bit = 1): void {
  const file = disk.open(path, 'write')
  const one = Buffer.alloc(1)
  file.read(one, 0, 1, byte)
  one[0]! ^= bit
  file.write(one, 0, 1, byte)
  file.syncDataNow()
  file.close()
}
