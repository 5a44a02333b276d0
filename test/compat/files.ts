import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'

const queueUnitSize = 20

/** Reads bytes [from, to) of a store file sequence: files named by their 20-digit start offset. */
export function readSequence(dir: string, from: number, to: number): Buffer {
  const out = Buffer.alloc(to - from)
  for (const name of readdirSync(dir).filter((entry) => /^\d{20}$/.test(entry))) {
    const start = Number(name)
    const file = openSync(join(dir, name), 'r')
    try {
      const first = Math.max(from, start)
      const end = Math.min(to, start + fstatSync(file).size)
      if (end > first) readSync(file, out, first - from, end - first, first - start)
    } finally {
      closeSync(file)
    }
  }
  return out
}

/** The first position at which two stores' commit logs differ below `to`, or -1. */
export function commitLogDifference(storeA: string, storeB: string, to: number): number {
  const chunk = 1 << 20
  for (let at = 0; at < to; at += chunk) {
    const end = Math.min(to, at + chunk)
    const a = readSequence(join(storeA, 'commitlog'), at, end)
    const b = readSequence(join(storeB, 'commitlog'), at, end)
    if (!a.equals(b)) return at + a.findIndex((byte, index) => byte !== b[index])
  }
  return -1
}

/** Units of every consume queue as `topic/queue/index` -> hex; stops at the first empty unit of a queue. */
export function consumeQueueUnits(store: string): Map<string, string> {
  const units = new Map<string, string>()
  const root = join(store, 'consumequeue')
  if (!existsSync(root)) return units
  for (const topic of readdirSync(root)) {
    for (const queue of readdirSync(join(root, topic))) {
      const dir = join(root, topic, queue)
      const files = readdirSync(dir)
        .filter((name) => /^\d{20}$/.test(name))
        .sort()
      for (const name of files) {
        const bytes = readFileSync(join(dir, name))
        for (let at = 0; at + queueUnitSize <= bytes.length; at += queueUnitSize) {
          if (bytes.readInt32BE(at + 8) === 0) break
          units.set(
            `${topic}/${queue}/${(Number(name) + at) / queueUnitSize}`,
            bytes.toString('hex', at, at + queueUnitSize),
          )
        }
      }
    }
  }
  return units
}

const batchUnitSize = 46

/** Units of batch consume queues, in the order of their queues: hex. */
export function batchConsumeQueueUnits(store: string): Map<string, string[]> {
  const units = new Map<string, string[]>()
  const root = join(store, 'batchconsumequeue')
  if (!existsSync(root)) return units
  for (const topic of readdirSync(root)) {
    for (const queue of readdirSync(join(root, topic))) {
      const dir = join(root, topic, queue)
      const bytes = Buffer.concat(
        readdirSync(dir)
          .filter((name) => /^\d{20}$/.test(name))
          .sort()
          .map((name) => readFileSync(join(dir, name))),
      )
      const found: string[] = []
      for (let at = 0; at + batchUnitSize <= bytes.length && bytes.readInt32BE(at + 8) > 0; at += batchUnitSize)
        found.push(bytes.toString('hex', at, at + batchUnitSize))
      units.set(`${topic}/${queue}`, found)
    }
  }
  return units
}

/** Text of a file below the store's config folder; empty when there is none. */
export function configText(store: string, name: string): string {
  const file = join(store, 'config', name)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** Offsets of the suite's own groups that are on the disk of a broker: `topic@group/queue` -> offset. A broker with light queues has a file of its own. */
export function offsetsIn(store: string, file = 'consumerOffset.json'): Map<string, number> {
  const text = configText(store, file).replace(/([{,]\s*)(\d+)\s*:/g, '$1"$2":')
  if (text === '') return new Map()
  const table = (JSON.parse(text) as { offsetTable: Record<string, Record<string, number>> }).offsetTable
  const offsets = new Map<string, number>()
  for (const [key, queues] of Object.entries(table)) {
    if (!key.includes('@g-')) continue
    for (const [queue, offset] of Object.entries(queues)) offsets.set(`${key}/${queue}`, offset)
  }
  return offsets
}
