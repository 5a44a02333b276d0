/**
 * What dispatching costs: `node --expose-gc test/bench/store-dispatch.ts`. Prints CPU ns per consume queue append for several
 * numbers of queues once their files exist (writing out and fdatasync included, on the disk of TMPDIR), what making the
 * files costs, CPU ns per index entry, the memory of idle queues, and how long a store with 50,000 queues takes to open.
 * CPU times hold on a busy machine, wall times do not.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { RealDisk } from '../../runtime/io/real-disk.ts'
import { StoreCheckpoint } from '../../runtime/store/checkpoint.ts'
import type { ConsumeQueue } from '../../runtime/store/consume-queue/consume-queue.ts'
import { ConsumeQueueTable } from '../../runtime/store/consume-queue/consume-queue-table.ts'
import { DispatchFlush } from '../../runtime/store/dispatch-flush.ts'
import { IndexService } from '../../runtime/store/index/index-service.ts'
import { indexKeySeed } from '../../runtime/store/index/key-hash.ts'
import { BATCH_OPTIONS } from '../../runtime/store/testing/batch-options.ts'

const MESSAGES = 4_000_000
const MESSAGES_PER_TURN = 64
/** The load a round competes with; time is made to pass as if messages came at this rate. */
const MESSAGES_PER_SECOND = 100_000
const TICK_MS = 100
const QUEUES_PER_TOPIC = 8
const MESSAGE_BYTES = 1200

const disk = new RealDisk()
const reporter = { info: console.log, warn: console.log, error: console.error }
const config = { flushIntervalConsumeQueue: 1000, flushConsumeQueueThoroughInterval: 60_000 }

function openTable(root: string): ConsumeQueueTable {
  return ConsumeQueueTable.open({
    disk,
    folder: join(root, 'consumequeue'),
    fileSizeBytes: 6_000_000,
    batch: BATCH_OPTIONS,
    reporter,
  })
}

/** User and system time of all threads. */
function cpuUs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return user + system
}

function rssMib(): number {
  globalThis.gc?.()
  return Math.round(process.memoryUsage().rss / (1 << 20))
}

async function benchQueues(queueCount: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'gantry-bench-'))
  const rssBefore = rssMib()
  const heapBefore = process.memoryUsage().heapUsed
  const table = openTable(root)
  const queues: ConsumeQueue[] = []
  for (let i = 0; i < queueCount; i++) {
    queues.push(table.obtain(`BenchmarkTopic${Math.floor(i / QUEUES_PER_TOPIC)}`, i % QUEUES_PER_TOPIC))
  }
  globalThis.gc?.()
  const idleBytes = (process.memoryUsage().heapUsed - heapBefore) / queueCount
  const checkpoint = StoreCheckpoint.open(disk, join(root, 'checkpoint'))
  const flush = new DispatchFlush({
    disk,
    table,
    index: undefined,
    checkpoint,
    config,
    reporter,
    flushedOffset: () => Number.MAX_SAFE_INTEGER,
  })
  const makingCpu = process.cpuUsage()
  for (const [i, queue] of queues.entries()) queue.append(0, i * MESSAGE_BYTES, MESSAGE_BYTES, 2598919)
  for (const queue of table.context.takeDirty()) queue.writeOut()
  const makingUs = cpuUs(makingCpu) / queueCount
  table.context.files.takeUnsynced()
  table.context.files.takeUnsyncedFolders()

  const cpuBefore = process.cpuUsage()
  const threadBefore = process.threadCpuUsage()
  let phyOffset = queueCount * MESSAGE_BYTES
  let nowMs = 0
  let longestTurnNs = 0n
  let longestTickNs = 0n
  for (let done = 0; done < MESSAGES; ) {
    const started = process.hrtime.bigint()
    const end = Math.min(done + MESSAGES_PER_TURN, MESSAGES)
    for (; done < end; done++) {
      const queue = queues[done % queueCount]!
      queue.append(queue.nextOffset, phyOffset, MESSAGE_BYTES, 2598919)
      phyOffset += MESSAGE_BYTES
    }
    flush.noteDispatched(phyOffset - MESSAGE_BYTES, nowMs)
    const turnNs = process.hrtime.bigint() - started
    if (turnNs > longestTurnNs) longestTurnNs = turnNs
    if ((done / MESSAGES_PER_SECOND) * 1000 < nowMs + TICK_MS) continue
    nowMs += TICK_MS
    const tickStarted = process.hrtime.bigint()
    flush.tick(nowMs)
    const took = process.hrtime.bigint() - tickStarted
    if (took > longestTickNs) longestTickNs = took
    await pause(0)
  }
  const thread = process.threadCpuUsage(threadBefore)
  const threadNs = Math.round(((thread.user + thread.system) * 1000) / MESSAGES)
  const allNs = Math.round((cpuUs(cpuBefore) * 1000) / MESSAGES)
  console.log(
    `${queueCount} queues: ${threadNs} ns CPU per append on the event loop (${Math.round((thread.user * 1000) / MESSAGES)} of it ` +
      `user), ${allNs} with the syncing threads; making a queue's file ${makingUs.toFixed(0)} us; longest turn of ` +
      `${MESSAGES_PER_TURN} ${(Number(longestTurnNs) / 1e6).toFixed(2)} ms, longest tick ` +
      `${(Number(longestTickNs) / 1e6).toFixed(2)} ms (wall); idle queue ${Math.round(idleBytes)} B, RSS ${rssBefore} -> ` +
      `${rssMib()} MiB, pool ${table.context.pool.allocatedBytes >> 20} MiB, open files ${table.context.files.openCount}`,
  )
  for (const queue of table.context.takeDirty()) queue.writeOut()
  table.close()
  if (queueCount >= 50_000) benchOpen(root, queueCount)
  rmSync(root, { recursive: true })
}

function benchOpen(root: string, queueCount: number): void {
  const cpu = process.cpuUsage()
  const started = performance.now()
  const table = openTable(root)
  const listedMs = performance.now() - started
  const maxPhyOffset = table.maxPhyOffset()
  const loadedMs = performance.now() - started
  table.truncateFrom(maxPhyOffset - 1_000_000)
  const cutMs = performance.now() - started
  table.close()
  console.log(
    `open ${queueCount} queues: listed after ${listedMs.toFixed(0)} ms, every end read after ${loadedMs.toFixed(0)} ms, ` +
      `truncated as after a crash after ${cutMs.toFixed(0)} ms (CPU of all ${(cpuUs(cpu) / 1000).toFixed(0)} ms)`,
  )
}

function benchIndex(): void {
  const root = mkdtempSync(join(tmpdir(), 'gantry-bench-'))
  const rssBefore = rssMib()
  const options = {
    disk,
    folder: join(root, 'index'),
    maxHashSlotNum: 5_000_000,
    maxIndexNum: 20_000_000,
    reporter,
    isLastExitClean: true,
    indexMsgTimestamp: 0,
  }
  const index = IndexService.open(options)
  const seed = indexKeySeed('BenchmarkTopic')
  const bytes = Buffer.from('7F00000100002A139A550000000000000 order-000000000 TagA')
  const ranges = { uniqKeyStart: 0, uniqKeyLength: 32, keysStart: 34, keysLength: 15, tagsStart: 50, tagsLength: 4 }
  const messages = 2_000_000
  const cpu = process.cpuUsage()
  for (let i = 0; i < messages; i++) {
    let rest = i
    for (let digit = 0; digit < 7; digit++) {
      bytes[31 - digit] = bytes[48 - digit] = 0x30 + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    index.put(seed, i * MESSAGE_BYTES, 1_700_000_000_000 + i, 0, 1_700_000_000_000, bytes, ranges)
  }
  const perEntry = (cpuUs(cpu) * 1000) / messages / 3
  const rss = rssMib()
  const flushing = performance.now()
  index.flushNow()
  const flushMs = performance.now() - flushing
  index.close()
  const repairing = performance.now()
  const again = IndexService.open({ ...options, isLastExitClean: false })
  const repairMs = performance.now() - repairing
  const querying = performance.now()
  for (let i = 0; i < 1000; i++)
    again.query('BenchmarkTopic', `order-${String(i * 1999).padStart(9, '0')}`, 64, 0, 2e12)
  const queryUs = performance.now() - querying
  again.close()
  rmSync(root, { recursive: true })
  console.log(
    `index: ${Math.round(perEntry)} ns CPU per entry (unique key, key and tag of ${messages} messages), RSS ${rssBefore} -> ${rss} MiB, ` +
      `flushNow ${flushMs.toFixed(0)} ms, repair of ${messages * 3} entries ${repairMs.toFixed(0)} ms, query ${queryUs.toFixed(1)} us`,
  )
}

benchIndex()
for (const queueCount of [8, 1000, 10_000, 50_000]) await benchQueues(queueCount)
