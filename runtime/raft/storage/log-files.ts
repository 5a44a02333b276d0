import type { Disk, DiskFile } from '../../io/disk.ts'
import type { Entry, EntryId } from '../entry.ts'
import { encodeEntry, encodeRestart } from './log-record.ts'
import { segmentName } from './log-scan.ts'

export interface Segment {
  readonly start: number
  /** Index of the first entry that a record of the segment brings. */
  readonly firstIndex: number
}

/** The segments of the log, to be appended to, synced, and deleted from the front. */
export class LogFiles {
  readonly #disk: Disk
  readonly #folder: string
  readonly #segmentBytes: number
  #segments: Segment[]
  #position: number
  #durable: number
  #last: EntryId
  #current: DiskFile | undefined
  /** Written to since they were last synced, in order. */
  #dirty: DiskFile[] = []
  #hasNewNames = false

  /** `segments` are durable up to `position`, where the next record goes; `last` is the last entry. */
  constructor(
    disk: Disk,
    folder: string,
    segmentBytes: number,
    segments: readonly Segment[],
    position: number,
    last: EntryId,
  ) {
    this.#disk = disk
    this.#folder = folder
    this.#segmentBytes = segmentBytes
    this.#segments = [...segments]
    this.#position = position
    this.#durable = position
    this.#last = last
  }

  get position(): number {
    return this.#position
  }

  /** The last entry. */
  get last(): EntryId {
    return this.#last
  }

  /** The log begins anew behind `id`. */
  restart(id: EntryId): void {
    const { index, term } = id
    const context = { durable: this.#durable, commit: index }
    this.#write([encodeRestart(id, this.#position, context)], index + 1)
    this.#last = { index, term }
  }

  /** The first entry replaces what stands at its index and behind it. */
  append(entries: readonly Entry[], previousTerm: number, commit: number): void {
    const context = { durable: this.#durable, commit }
    const records: Buffer[] = []
    let position = this.#position
    let before = previousTerm
    for (const entry of entries) {
      const record = encodeEntry(entry, before, position, context)
      records.push(record)
      position += record.length
      before = entry.term
    }
    this.#write(records, entries[0]!.index)
    const { index, term } = entries.at(-1)!
    this.#last = { index, term }
  }

  /** Everything appended so far is durable when `done(null)` runs. */
  sync(done: (error: Error | null) => void): void {
    const files = this.#dirty
    const hadNewNames = this.#hasNewNames
    const position = this.#position
    this.#dirty = []
    this.#hasNewNames = false
    const finish = (error: Error | null): void => {
      if (error === null) this.#durable = position
      done(error)
    }
    const next = (): void => {
      const file = files.shift()
      if (file === undefined) {
        if (hadNewNames) this.#disk.syncFolderLater(this.#folder, finish)
        else finish(null)
        return
      }
      file.syncData((error) => {
        if (file !== this.#current && !this.#dirty.includes(file)) file.close()
        if (error) finish(error)
        else next()
      })
    }
    next()
  }

  syncNow(): void {
    for (const file of this.#dirty.splice(0)) {
      file.syncDataNow()
      if (file !== this.#current) file.close()
    }
    if (this.#hasNewNames) this.#disk.syncFolder(this.#folder)
    this.#hasNewNames = false
    this.#durable = this.#position
  }

  /** Deletes segments that hold nothing from `index` on that a later one does not hold. */
  dropBefore(index: number): void {
    while (this.#segments.length > 1 && this.#segments[1]!.firstIndex <= index) {
      this.#disk.remove(this.#pathOf(this.#segments.shift()!))
    }
  }

  close(): void {
    for (const file of new Set([...this.#dirty, ...(this.#current ? [this.#current] : [])])) file.close()
    this.#dirty = []
    this.#current = undefined
  }

  #write(records: readonly Buffer[], firstIndex: number): void {
    const file = this.#roomy(firstIndex)
    const bytes = records.length === 1 ? records[0]! : Buffer.concat(records)
    file.write(bytes, 0, bytes.length, this.#position - this.#segments.at(-1)!.start)
    this.#position += bytes.length
    if (this.#dirty.at(-1) !== file) this.#dirty.push(file)
  }

  /** The last segment, or a new one when that is full. */
  #roomy(firstIndex: number): DiskFile {
    const last = this.#segments.at(-1)
    if (last === undefined || this.#position - last.start >= this.#segmentBytes) {
      if (this.#current !== undefined && !this.#dirty.includes(this.#current)) this.#current.close()
      this.#segments.push({ start: this.#position, firstIndex })
      this.#current = undefined
      this.#hasNewNames = true
    }
    this.#current ??= this.#disk.open(this.#pathOf(this.#segments.at(-1)!), 'write')
    return this.#current
  }

  #pathOf({ start }: Segment): string {
    return `${this.#folder}/${segmentName(start)}`
  }
}
