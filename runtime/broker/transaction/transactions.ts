import { viewOf } from '../../codec/bytes.ts'
import { decodeProperties, Property } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { TRANS_HALF_TOPIC, TRANS_OP_HALF_TOPIC } from '../topics/topic-name.ts'
import { BatchOutcomes, type Outcome } from './batch-outcomes.ts'
import type { TransactionEnds } from './end-transaction.ts'
import { FoundCopies } from './found-copies.ts'
import { HALF_QUEUE, type HalfMessageParts, HalfMessages } from './half-messages.ts'
import { HalfProgress, type Standing } from './half-progress.ts'
import { OpBatch, type OpBatchParts, readOpBody } from './op-batch.ts'
import { type HalfLedger, TransactionCheck, type TransactionCheckParts } from './transaction-check.ts'

export interface TransactionParts extends HalfMessageParts, OpBatchParts, TransactionCheckParts {
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'commit'>
  /** transactionCheckInterval */
  readonly checkIntervalMs: () => number
  /** Makes sure that this turn ends with a batch. */
  readonly touch: () => void
}

/** The group under which Apache RocketMQ keeps how far both topics are settled. */
const GROUP = 'CID_RMQ_SYS_TRANS'
/** Slices of reading that an end of a transaction may wait for. */
const CATCH_UP_SLICES = 16
/** Op messages read in one go. */
const OPS_AT_ONCE = 256

/**
 * The transactions of a master. What is known of them stands in the log (half and op messages) and in the consumer
 * offsets; a broker that starts or becomes master reads it from there.
 */
export class Transactions implements TransactionEnds, HalfLedger {
  readonly halves: HalfMessages
  readonly #parts: TransactionParts
  readonly #ops: OpBatch
  readonly #check: TransactionCheck
  readonly #copies: FoundCopies
  readonly #outcomes: BatchOutcomes
  readonly #units = new QueueUnits(OPS_AT_ONCE)
  readonly #record = new RecordView()
  #progress: HalfProgress | undefined
  /** What was in the log when this broker became master has to be shown before its transactions are known. */
  #mark = 0
  /** When the next round begins. */
  #nextMs = Number.NaN

  constructor(parts: TransactionParts) {
    this.#parts = parts
    this.halves = new HalfMessages(parts)
    this.#ops = new OpBatch(parts)
    this.#check = new TransactionCheck(parts)
    this.#outcomes = new BatchOutcomes({
      addOp: (halfOffset) => this.#ops.add(halfOffset),
      count: (topic, change) => parts.metrics.add(topic, change),
    })
    this.#copies = new FoundCopies({ store: parts.store, copied: (...copy) => this.copied(...copy) })
  }

  /** This broker became master: what it knew from an earlier time does not count. */
  reset(): void {
    this.#progress = undefined
    this.#outcomes.clear()
    this.#ops.clear()
    this.#check.reset()
    this.#copies.reset()
    this.#nextMs = Number.NaN
  }

  isReady(): boolean {
    for (let i = 0; i < CATCH_UP_SLICES && !this.#isCaughtUp; i++) this.#catchUp(this.#known())
    return this.#isCaughtUp
  }

  standing(halfOffset: number, uniqueKey: string): Standing {
    return this.#known().standing(halfOffset, uniqueKey)
  }

  end(halfOffset: number, endOffset: number, topic: string): void {
    const progress = this.#known()
    // What was put aside is not counted any more.
    const countedIn = progress.isAside(halfOffset) ? undefined : topic
    this.#ops.add(progress.end(halfOffset))
    this.#note({ kind: 'ended', halfOffset, endOffset, countedIn })
  }

  get halfOffset(): number {
    return this.#known().halfOffset
  }

  nextOpen(from: number): number {
    return this.#known().nextOpen(from)
  }

  copied(halfOffset: number, copy: number, endOffset: number): void {
    this.#known().copied(halfOffset, copy)
    this.#ops.add(halfOffset)
    this.#note({ kind: 'copied', halfOffset, endOffset, countedIn: undefined })
  }

  discarded(halfOffset: number, endOffset: number, topic: string): void {
    this.#known().putAside(halfOffset)
    this.#ops.add(halfOffset)
    this.#note({ kind: 'aside', halfOffset, endOffset, countedIn: topic })
  }

  unreadable(halfOffset: number): void {
    this.#ops.add(this.#known().end(halfOffset))
  }

  /** Before the batch is written. */
  stage(): void {
    this.#ops.stage()
  }

  /** After the batch was written, or was not. */
  committed(isWritten: boolean): void {
    const { writtenOffset } = this.#parts.store
    if (isWritten) this.#outcomes.clear()
    else {
      this.#check.lost()
      this.#outcomes.lost(writtenOffset, this.#known())
    }
    this.#check.written(writtenOffset)
  }

  /** Called by the broker's coarse timer while it is master. True when more can be done at once: call again soon. */
  tick(nowMs: number): boolean {
    const progress = this.#known()
    const hasMore = this.#catchUp(progress)
    const { offsets } = this.#parts
    if (progress.advance()) {
      offsets.commit(GROUP, TRANS_HALF_TOPIC, HALF_QUEUE, progress.halfOffset)
      offsets.commit(GROUP, TRANS_OP_HALF_TOPIC, HALF_QUEUE, progress.opOffset)
    }
    if (hasMore) return true
    this.#beginRound(nowMs)
    if (!this.#isCaughtUp) return false
    return this.#check.step(nowMs, this)
  }

  #beginRound(nowMs: number): void {
    const intervalMs = this.#parts.checkIntervalMs()
    // At the start, and when the clock was set back, the next round is one interval away.
    if (!(this.#nextMs <= nowMs + intervalMs)) this.#nextMs = nowMs + intervalMs
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + intervalMs
    if (!this.#check.isUnderWay) this.#check.begin(nowMs, this)
  }

  get #isCaughtUp(): boolean {
    return this.#copies.isDone
  }

  /**
   * Reads op messages that are new; once it has read those there were at the beginning, looks which of the open half
   * messages are copies. True when more can be done at once.
   */
  #catchUp(progress: HalfProgress): boolean {
    if (this.#readOps(progress)) return true
    if (this.#isCaughtUp || this.#parts.store.dispatchedOffset < this.#mark) return false
    this.#copies.look(progress)
    return !this.#isCaughtUp
  }

  #note(outcome: Outcome): void {
    this.#outcomes.note(outcome)
    this.#parts.touch()
  }

  #known(): HalfProgress {
    if (this.#progress === undefined) {
      this.#progress = new HalfProgress(this.#position(TRANS_HALF_TOPIC), this.#position(TRANS_OP_HALF_TOPIC))
      this.#mark = this.#parts.store.writtenOffset
    }
    return this.#progress
  }

  /** What is kept among the consumer offsets, within the queue as it is. */
  #position(topic: string): number {
    const queue = this.#parts.store.findQueue(topic, HALF_QUEUE)
    const kept = this.#parts.offsets.query(GROUP, topic, HALF_QUEUE)
    if (queue === undefined) return 0
    return Math.min(Math.max(kept, queue.minOffset), queue.maxOffset)
  }

  /** True when there are more. */
  #readOps(progress: HalfProgress): boolean {
    const { store } = this.#parts
    const halves = store.findQueue(TRANS_HALF_TOPIC, HALF_QUEUE)
    if (halves !== undefined) progress.skipHalves(halves.minOffset)
    const queue = store.findQueue(TRANS_OP_HALF_TOPIC, HALF_QUEUE)
    if (queue === undefined) return false
    progress.skipOps(queue.minOffset)
    const count = queue.readUnits(progress.opRead, OPS_AT_ONCE, this.#units)
    for (let i = 0; i < count; i++) {
      progress.readOp(this.#readOp(this.#units.phyOffsets[i]!, this.#units.sizes[i]!))
    }
    return count === OPS_AT_ONCE
  }

  #readOp(phyOffset: number, sizeBytes: number): number[] {
    const stored = this.#parts.store.read(phyOffset, sizeBytes)
    const record = this.#record
    if (!stored || record.parse(viewOf(stored.bytes), stored.start, sizeBytes) !== RecordState.ok) return []
    const { bytes } = stored
    const { propertiesStart, propertiesLength, bodyStart, bodyLength } = record
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + propertiesStart, propertiesLength).toString()
    const tags = decodeProperties(text).get(Property.tags)
    return readOpBody(tags, bytes.subarray(bodyStart, bodyStart + bodyLength))
  }
}
