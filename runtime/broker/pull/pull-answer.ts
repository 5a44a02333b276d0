import { SerializeType } from '../../codec/remoting/frame.ts'
import { CURRENT_VERSION } from '../../codec/remoting/protocol-version.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'
import { RecordFilter } from '../filter/record-filter.ts'
import { put, putNumber } from '../send/send-answer.ts'
import type { PullTask } from './pull-task.ts'

/*
 * The answer to a pull: a header, then the records as the commit log has them.
 *
 *   JSON    {"code":0,"extFields":{"groupSysFlag":"0","maxOffset":"9","minOffset":"0","nextBeginOffset":"3",
 *            "offsetDelta":"5","suggestWhichBrokerId":"0","topicSysFlag":"0"},"flag":1,"language":"JAVA","opaque":7,"remark":"FOUND",
 *            "serializeTypeCurrentRPC":"JSON","version":513}
 *   binary  the same fields in the layout of codec/remoting/binary-header.ts
 *
 * offsetDelta is there for static topics only.
 */

/** The header is never longer: seven numbers of at most 17 digits, their names, and a status. */
const HEADER_BYTES_MAX = 512
const SCRATCH_BYTES_MIN = 64 * 1024
/** A larger scratch is given back after use: it was needed for one unusually large message. */
const SCRATCH_BYTES_KEPT = 1024 * 1024

const FIELDS = [
  'groupSysFlag',
  'maxOffset',
  'minOffset',
  'nextBeginOffset',
  'offsetDelta',
  'suggestWhichBrokerId',
  'topicSysFlag',
]
const OFFSET_DELTA = FIELDS.indexOf('offsetDelta')
const JSON_START = Buffer.from('{"code":')
const JSON_KEYS = FIELDS.map((name, i) => Buffer.from(i === 0 ? `,"extFields":{"${name}":"` : `","${name}":"`))
const JSON_OPAQUE = Buffer.from('"},"flag":1,"language":"JAVA","opaque":')
const JSON_REMARK = Buffer.from(',"remark":"')
const JSON_END = Buffer.from(`","serializeTypeCurrentRPC":"JSON","version":${CURRENT_VERSION}}`)
const BINARY_KEYS = FIELDS.map(binaryKey)

/** Collects the records of one pull and lays out the answer. One serves all pulls, one after the other. */
export class PullAnswer {
  code = 0
  /** Upper-case ASCII: the name of the status. */
  remark = ''
  groupSysFlag = 0
  maxOffset = 0
  minOffset = 0
  nextBeginOffset = 0
  /** Static topics: what consumers add to the offsets of the messages. */
  offsetDelta: number | undefined
  suggestWhichBrokerId = 0
  topicSysFlag = 0
  /** Which of the records the consumer wants, undefined for all. */
  filter: SqlFilter | undefined
  readonly #recordFilter = new RecordFilter()
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES_MIN)
  #length = 0
  readonly #remarks = new Map<string, Buffer>()

  /** Drops the records of the last pull. */
  reset(filter: SqlFilter | undefined): void {
    this.#length = 0
    this.offsetDelta = undefined
    this.filter = filter
    if (this.#scratch.length > SCRATCH_BYTES_KEPT) this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES_MIN)
  }

  /** PullSink. */
  wants(bytes: Uint8Array, start: number, length: number): boolean {
    return this.filter === undefined || this.#recordFilter.matches(this.filter, bytes, start, length)
  }

  /** Takes a record (PullSink). */
  take(bytes: Uint8Array, start: number, length: number): void {
    const end = this.#length + length
    if (end > this.#scratch.length) this.#grow(end)
    this.#scratch.set(bytes.subarray(start, start + length), this.#length)
    this.#length = end
  }

  send(task: PullTask): void {
    const { out } = task.channel!
    const withBody = this.code === 0 ? this.#length : 0
    const start = out.reserve(8 + HEADER_BYTES_MAX + withBody)
    const { bytes, view } = out
    const isJson = task.serializeType === SerializeType.JSON
    const end = isJson ? this.#json(bytes, start + 8, task.opaque) : this.#binary(bytes, view, start + 8, task.opaque)
    view.setInt32(start, end - start - 4 + withBody)
    view.setInt32(start + 4, (task.serializeType << 24) | (end - start - 8))
    if (withBody > 0) this.#scratch.copy(bytes, end, 0, withBody)
    out.commit(end - start + withBody)
  }

  #json(bytes: Buffer, start: number, opaque: number): number {
    let at = putNumber(bytes, put(bytes, start, JSON_START), this.code)
    for (let i = 0; i < JSON_KEYS.length; i++) {
      if (i === OFFSET_DELTA && this.offsetDelta === undefined) continue
      at = putNumber(bytes, put(bytes, at, JSON_KEYS[i]!), this.#value(i))
    }
    at = putNumber(bytes, put(bytes, at, JSON_OPAQUE), opaque)
    at = put(bytes, put(bytes, at, JSON_REMARK), this.#remarkBytes())
    return put(bytes, at, JSON_END)
  }

  #binary(bytes: Buffer, view: DataView, start: number, opaque: number): number {
    view.setInt16(start, this.code)
    view.setInt8(start + 2, 0)
    view.setInt16(start + 3, CURRENT_VERSION)
    view.setInt32(start + 5, opaque)
    view.setInt32(start + 9, 1)
    const remark = this.#remarkBytes()
    view.setInt32(start + 13, remark.length)
    const fields = put(bytes, start + 17, remark) + 4
    let at = fields
    for (let i = 0; i < BINARY_KEYS.length; i++) {
      if (i === OFFSET_DELTA && this.offsetDelta === undefined) continue
      const lengthAt = put(bytes, at, BINARY_KEYS[i]!)
      at = putNumber(bytes, lengthAt + 4, this.#value(i))
      view.setInt32(lengthAt, at - lengthAt - 4)
    }
    view.setInt32(fields - 4, at - fields)
    return at
  }

  /** In the order of FIELDS. */
  #value(field: number): number {
    switch (field) {
      case 0:
        return this.groupSysFlag
      case 1:
        return this.maxOffset
      case 2:
        return this.minOffset
      case 3:
        return this.nextBeginOffset
      case OFFSET_DELTA:
        return this.offsetDelta ?? 0
      case 5:
        return this.suggestWhichBrokerId
      default:
        return this.topicSysFlag
    }
  }

  #remarkBytes(): Buffer {
    let remark = this.#remarks.get(this.remark)
    if (remark === undefined) {
      remark = Buffer.from(this.remark)
      this.#remarks.set(this.remark, remark)
    }
    return remark
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#scratch.length * 2))
    this.#scratch.copy(larger, 0, 0, this.#length)
    this.#scratch = larger
  }
}

function binaryKey(name: string): Buffer {
  const key = Buffer.alloc(2 + name.length)
  key.writeInt16BE(name.length, 0)
  key.write(name, 2)
  return key
}
