import { crc32 } from '../../runtime/codec/crc32.ts'
import type { Random } from '../../runtime/io/random.ts'
import type { Peer } from '../../runtime/raft/consensus.ts'
import { type Entry, EntryKind } from '../../runtime/raft/entry.ts'
import type { HardState } from '../../runtime/raft/hard-state.ts'
import type { Message, SnapshotInfo } from '../../runtime/raft/message.ts'
import { RaftNode, type Ready, type Write } from '../../runtime/raft/raft-node.ts'
import type { RaftSettings } from '../../runtime/raft/raft-settings.ts'
import { entryText, hardText, idText, messageText, snapshotText } from './raft-text.ts'

/** Every election timeout is the shortest one, so that a script knows when it ends. */
const noChance: Random = { below: () => 0, bytes: (count) => Buffer.alloc(count) }

/** One member in a script: the real core over a storage that becomes durable when the script says so. */
export class RaftMember {
  readonly id: string
  readonly #peers: readonly Peer[]
  readonly #settings: RaftSettings
  readonly #print: (line: string) => void
  node!: RaftNode
  nowMs = 0
  isUp = false
  /** What would be on disk. */
  hard: HardState
  entries: Entry[] = []
  snapshot: (SnapshotInfo & { readonly bytes: Buffer }) | undefined
  #commit = 0
  readonly #writes: Write[] = []
  /** The state machine: all commands so far. */
  #applied: string[] = []

  constructor(
    id: string,
    store: number,
    peers: readonly Peer[],
    settings: RaftSettings,
    print: (line: string) => void,
  ) {
    this.id = id
    this.#peers = peers
    this.#settings = settings
    this.#print = print
    this.hard = { term: 0, vote: undefined, store, lost: undefined }
    this.start()
  }

  get applied(): string {
    return this.#applied.join(' ')
  }

  get hasWrites(): boolean {
    return this.#writes.length > 0
  }

  start(): void {
    this.isUp = true
    this.#applied = this.snapshot ? String(this.snapshot.bytes).split(' ').filter(Boolean) : []
    this.node = new RaftNode({
      selfId: this.id,
      peers: this.#peers,
      settings: this.#settings,
      random: noChance,
      snapshots: {
        latest: () => this.snapshot,
        read: (index, offset, length) =>
          this.snapshot?.index === index ? this.snapshot.bytes.subarray(offset, offset + length) : undefined,
      },
      restored: { hard: this.hard, snapshot: this.snapshot, entries: this.entries, commit: this.#commit },
      nowMs: this.nowMs,
      trace: (line) => this.#print(`${this.id} ${line}`),
    })
  }

  /** What was not durable is gone. */
  crash(): void {
    this.isUp = false
    this.#writes.length = 0
  }

  /** As storage does when it finds damage: entries from `index` on are gone, and the node says so. */
  damage(index: number, isEndKnown: boolean): void {
    const last = this.entries.at(-1) ?? this.snapshot
    this.entries = this.entries.filter((entry) => entry.index < index)
    const term = this.hard.term + 1
    const end = isEndKnown && last ? { index: last.index, term: last.term } : undefined
    this.hard = { ...this.hard, term, vote: undefined, lost: { end, term } }
    this.#commit = Math.min(this.#commit, this.entries.at(-1)?.index ?? this.snapshot?.index ?? 0)
  }

  wipe(store: number): void {
    this.hard = { term: 0, vote: undefined, store, lost: undefined }
    this.entries = []
    this.snapshot = undefined
    this.#commit = 0
  }

  takeSnapshot(keepFrom: number): void {
    const { applied } = this.node.log
    const bytes = Buffer.from(this.applied)
    this.snapshot = {
      index: applied,
      term: this.node.log.termAt(applied)!,
      membership: this.node.log.membershipAt(applied),
      totalBytes: bytes.length,
      checksum: crc32(bytes, 0, bytes.length),
      bytes,
    }
    this.entries = this.entries.filter(({ index }) => index >= keepFrom)
    this.node.compact(keepFrom - 1)
  }

  /** Does what the node wants done, except that writes stay pending; returns the messages. */
  process(): readonly Message[] | undefined {
    const ready = this.node.ready()
    if (ready === undefined) return undefined
    this.#printReady(ready)
    if (ready.write) this.#writes.push(ready.write)
    if (ready.restore) this.#applied = String(ready.restore.bytes).split(' ').filter(Boolean)
    for (const entry of ready.committed) {
      if (entry.kind === EntryKind.COMMAND) this.#applied.push(String(Buffer.from(entry.data)))
    }
    const last = ready.committed.at(-1)
    if (last) this.node.applied(last.index)
    return ready.messages
  }

  /** The oldest pending write is durable now. */
  finishWrite(): void {
    const write = this.#writes.shift()
    if (write === undefined) return
    if (write.hard) this.hard = write.hard
    if (write.snapshot) {
      this.snapshot = { ...write.snapshot.info, bytes: Buffer.from(write.snapshot.bytes) }
      this.entries = []
    }
    const first = write.entries[0]
    if (first) this.entries = [...this.entries.filter(({ index }) => index < first.index), ...write.entries]
    this.#commit = Math.max(this.#commit, Math.min(write.commit, this.entries.at(-1)?.index ?? 0))
    this.#print(`${this.id} write ${write.number} is durable`)
    this.node.durable(write.number)
  }

  #printReady({ write, messages, restore, committed, reads, isSnapshotDamaged }: Ready): void {
    if (write) {
      const parts = [
        write.hard ? ` ${hardText(write.hard)}` : '',
        write.snapshot ? ` snapshot ${snapshotText(write.snapshot.info)}` : '',
        write.entries.length > 0 ? ` [${write.entries.map(entryText).join(', ')}]` : '',
      ]
      this.#print(`${this.id} write ${write.number}:${parts.join('')}`)
    }
    if (restore) this.#print(`${this.id} restores ${idText(restore.info)}`)
    for (const entry of committed) this.#print(`${this.id} applies ${entryText(entry)}`)
    for (const { id, index } of reads) this.#print(`${this.id} answers read ${id} at ${index}`)
    if (isSnapshotDamaged) this.#print(`${this.id} wants a new snapshot`)
    for (const message of messages) this.#print(messageText(message))
  }
}
