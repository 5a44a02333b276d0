import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeHost } from '../../runtime/codec/message/host.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealDisk } from '../../runtime/io/real-disk.ts'
import { AppendStatus, MessageDraft } from '../../runtime/store/message-draft.ts'
import { MessageStore } from '../../runtime/store/message-store.ts'
import { storeConfigDefaults } from '../../runtime/store/store-options.ts'

/*
 * Cost of append + commit in batches of 64, consume queue and index on, on the real disk:
 *   node test/bench/store-append.ts [body bytes ...]
 * CPU is that of the whole process (user + system), so it counts the thread pool's flushes; the main thread's share of the
 * system time is mostly the copy into the page cache.
 */

const BATCH = 64
const QUEUES = 8
const PROPERTIES =
  'KEYS\x01order-1234567\x02TAGS\x01TagA\x02UNIQ_KEY\x017F000001000118B4AAC26E7B2B8F0000\x02WAIT\x01true\x02'

interface Result {
  readonly bodyBytes: number
  readonly messages: number
  readonly wallUs: number
  readonly userUs: number
  readonly systemUs: number
}

function run(bodyBytes: number, messages: number): Result {
  const root = mkdtempSync(join(tmpdir(), 'gantry-store-'))
  const store = MessageStore.open({
    config: storeConfigDefaults(root),
    disk: new RealDisk(),
    clock: new RealClock(),
    reporter: { info: () => {}, warn: console.warn, error: console.error },
    pid: process.pid,
    physicalMemoryBytes: 2 ** 34,
  })
  try {
    const draft = draftOf(store, bodyBytes)
    const queues = Array.from({ length: QUEUES }, (_, queueId) => store.queue('BenchTopic', queueId))
    appendAll(store, draft, queues, Math.min(messages, 20_000))
    const cpu = process.cpuUsage()
    const started = performance.now()
    appendAll(store, draft, queues, messages)
    const wallUs = (performance.now() - started) * 1000
    const used = process.cpuUsage(cpu)
    return { bodyBytes, messages, wallUs, userUs: used.user, systemUs: used.system }
  } finally {
    store.close()
    rmSync(root, { recursive: true })
  }
}

function draftOf(store: MessageStore, bodyBytes: number): MessageDraft {
  const draft = new MessageDraft()
  draft.topicBytes = Buffer.from('BenchTopic')
  draft.queue = store.queue('BenchTopic', 0)
  draft.bornTimestampMs = 1_700_000_000_123
  draft.bornHost = encodeHost('10.1.2.3', 50123)
  draft.storeHost = encodeHost('10.1.2.4', 10911)
  draft.body.bytes = Buffer.alloc(bodyBytes + 100, 'x')
  draft.body.start = 100
  draft.body.length = bodyBytes
  draft.properties.bytes = Buffer.from(PROPERTIES)
  draft.properties.length = PROPERTIES.length
  draft.extraProperties = Buffer.from('CLUSTER\x01DefaultCluster\x02')
  return draft
}

function appendAll(
  store: MessageStore,
  draft: MessageDraft,
  queues: ReturnType<MessageStore['queue']>[],
  count: number,
): void {
  let nextTickMs = Date.now() + 100
  for (let done = 0; done < count; done += BATCH) {
    for (let i = 0; i < BATCH; i++) {
      draft.queueId = (done + i) % QUEUES
      draft.queue = queues[draft.queueId]
      const status = store.append(draft)
      if (status !== AppendStatus.ok) throw new Error(`append status ${status}: ${store.refusal}`)
    }
    if (!store.commit()) throw new Error('the commit failed')
    const nowMs = Date.now()
    if (nowMs < nextTickMs) continue
    nextTickMs = nowMs + 100
    store.tick(nowMs)
  }
}

const DEFAULT_MESSAGES: Record<number, number> = { 128: 640_000, 1024: 320_000, 4096: 96_000, 65536: 6400 }
const bodies = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [128, 1024, 4096, 65536]

console.log('body bytes | messages | wall us/msg | CPU us/msg | user | system | MiB/s')
for (const bodyBytes of bodies) {
  const { messages, wallUs, userUs, systemUs } = run(bodyBytes, DEFAULT_MESSAGES[bodyBytes] ?? 100_000)
  const perMessage = (us: number) => (us / messages).toFixed(2)
  const rate = ((bodyBytes * messages) / 1048576 / (wallUs / 1e6)).toFixed(0)
  console.log(
    `${bodyBytes} | ${messages} | ${perMessage(wallUs)} | ${perMessage(userUs + systemUs)} | ${perMessage(userUs)} | ` +
      `${perMessage(systemUs)} | ${rate}`,
  )
}
