import { SerializeType } from '../../codec/remoting/frame.ts'
import { CURRENT_VERSION } from '../../codec/remoting/protocol-version.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'
import type { Channel } from '../../net/channel.ts'
import { RecordFilter } from '../filter/record-filter.ts'
import { retryMark } from './pop-names.ts'
import { readdressed } from './readdressed-record.ts'
import { type ReceiptHandle, receiptHandleText } from './receipt-handle.ts'

/*
 * The answer to a pop: fields about the messages, then the records. Messages of one queue stand together:
 *
 *   startOffsetInfo  retryMark queueId startOffset        ;  for the next queue
 *   msgOffsetInfo    retryMark queueId offset,offset,...  ;
 *   orderCountInfo   retryMark queueId times  or  retryMark qo<queueId>%<offset> times  ;  (ordered consumption)
 */

const SCRATCH_BYTES_MIN = 64 * 1024
/** A larger scratch is given back after use: it was needed for one unusually large message. */
const SCRATCH_BYTES_KEPT = 1024 * 1024

/** A request that is answered. */
export interface PopAsked {
  readonly channel: Pick<Channel, 'out'> | undefined
  readonly opaque: number
  readonly invisibleMs: number
}

/** Collects the records of one pop and lays out the answer. One serves all pops, one after the other. */
export class PopAnswer {
  code = 0
  remark = ''
  popTime = 0
  reviveQueue = 0
  restNum = 0
  orderCountInfo: string | undefined
  /** Messages in all. */
  count = 0
  /** Of the queue that is being read: queue offsets of its messages. */
  readonly offsets: number[] = []
  #startOffsetInfo = ''
  #msgOffsetInfo = ''
  /** Which of the records the consumer wants, undefined for all. */
  #filter: SqlFilter | undefined
  readonly #recordFilter = new RecordFilter()
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES_MIN)
  #length = 0
  #queueStart = 0
  readonly #saysOffsets: boolean

  /** `saysOffsets`: the answer says where its messages lie; those of lite topics say it themselves. */
  constructor(saysOffsets = true) {
    this.#saysOffsets = saysOffsets
  }

  /** Drops the records of the last pop. */
  reset(filter: SqlFilter | undefined): void {
    this.#length = 0
    this.#filter = filter
    this.count = 0
    this.restNum = 0
    this.orderCountInfo = undefined
    this.#startOffsetInfo = ''
    this.#msgOffsetInfo = ''
    if (this.#scratch.length > SCRATCH_BYTES_KEPT) this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES_MIN)
  }

  /** The records that follow are of another queue. */
  beginQueue(): void {
    this.offsets.length = 0
    this.#queueStart = this.#length
  }

  /** The records of the present queue stay. */
  keepQueue(topic: string, queueId: number, startOffset: number): void {
    const mark = retryMark(topic)
    const separator = this.#startOffsetInfo === '' ? '' : ';'
    this.#startOffsetInfo += `${separator}${mark} ${queueId} ${startOffset}`
    this.#msgOffsetInfo += `${separator}${mark} ${queueId} ${this.offsets.join(',')}`
    this.count += this.offsets.length
  }

  /** The records of the present queue go. */
  dropQueue(): void {
    this.#length = this.#queueStart
    this.offsets.length = 0
  }

  /** The records of the present queue, retries, are handed out as messages of their first topic, each with its handle. */
  readdressQueue(topic: string, handle: ReceiptHandle): void {
    const records = Buffer.from(this.#scratch.subarray(this.#queueStart, this.#length))
    this.#length = this.#queueStart
    let start = 0
    for (const offset of this.offsets) {
      const size = records.readInt32BE(start)
      const record = records.subarray(start, start + size)
      this.#append(readdressed(record, topic, receiptHandleText(handle, offset)) ?? record)
      start += size
    }
  }

  /** PullSink. */
  wants(bytes: Uint8Array, start: number, length: number): boolean {
    return this.#filter === undefined || this.#recordFilter.matches(this.#filter, bytes, start, length)
  }

  /** Takes a record (PullSink). */
  take(bytes: Uint8Array, start: number, length: number, queueOffset: number): void {
    this.offsets.push(queueOffset)
    this.#append(bytes.subarray(start, start + length))
  }

  send(task: PopAsked): void {
    const { out } = task.channel!
    // The code of a pop does not fit a binary header: the request, and so the answer, has a JSON one.
    const header = this.#header(task.invisibleMs, task.opaque)
    const withBody = this.code === 0 ? this.#length : 0
    const length = 8 + header.length + withBody
    const start = out.reserve(length)
    const { bytes, view } = out
    view.setInt32(start, length - 4)
    view.setInt32(start + 4, (SerializeType.JSON << 24) | header.length)
    bytes.set(header, start + 8)
    if (withBody > 0) this.#scratch.copy(bytes, start + 8 + header.length, 0, withBody)
    out.commit(length)
  }

  #fields(invisibleMs: number): [string, string][] {
    const fields: [string, string][] = [
      ['invisibleTime', String(invisibleMs)],
      ['popTime', String(this.popTime)],
      ['reviveQid', String(this.reviveQueue)],
    ]
    if (this.#saysOffsets) {
      fields.push(['msgOffsetInfo', this.#msgOffsetInfo], ['restNum', String(this.restNum)])
      fields.push(['startOffsetInfo', this.#startOffsetInfo])
    }
    if (this.orderCountInfo !== undefined) fields.push(['orderCountInfo', this.orderCountInfo])
    return fields
  }

  #header(invisibleMs: number, opaque: number): Buffer {
    let fields = ''
    for (const [name, value] of this.#fields(invisibleMs)) fields += `${fields === '' ? '' : ','}"${name}":"${value}"`
    return Buffer.from(
      `{"code":${this.code},"extFields":{${fields}},"flag":1,"language":"JAVA","opaque":${opaque},` +
        `"remark":"${this.remark}","serializeTypeCurrentRPC":"JSON","version":${CURRENT_VERSION}}`,
      'latin1',
    )
  }

  #append(record: Uint8Array): void {
    const end = this.#length + record.length
    if (end > this.#scratch.length) this.#grow(end)
    this.#scratch.set(record, this.#length)
    this.#length = end
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#scratch.length * 2))
    this.#scratch.copy(larger, 0, 0, this.#length)
    this.#scratch = larger
  }
}
