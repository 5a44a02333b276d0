import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../../compat/cluster.ts'
import type { Engine } from '../../compat/server.ts'
import type { Bench, CellGroup } from '../bench.ts'
import { loadMaster, masterOf, runLoad } from '../load-run.ts'

interface Scale {
  readonly topics: number
  readonly queues: number
  readonly engines: readonly Engine[]
}

const SCALES: Readonly<Record<string, Scale>> = {
  'queues-8': { topics: 1, queues: 8, engines: ['gantry', 'apache'] },
  'queues-10000': { topics: 2000, queues: 5, engines: ['gantry', 'apache'] },
  'queues-50000': { topics: 10_000, queues: 5, engines: ['gantry'] },
}

/** Written before the start: creating thousands of topics by request makes Apache's broker write its whole table as often. */
function writeTopics(cluster: Cluster, scale: Scale): void {
  const folder = join(String(masterOf(cluster).conf['storePathRootDir']), 'config')
  const topicConfigTable: Record<string, unknown> = {}
  for (let i = 0; i < scale.topics; i++) {
    const topicName = `Grow${String(i).padStart(5, '0')}`
    topicConfigTable[topicName] = {
      topicName,
      readQueueNums: scale.queues,
      writeQueueNums: scale.queues,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
      attributes: {},
    }
  }
  mkdirSync(folder, { recursive: true })
  const dataVersion = { counter: 1, stateVersion: 0, timestamp: Date.now() }
  writeFileSync(join(folder, 'topics.json'), JSON.stringify({ dataVersion, topicConfigTable }))
}

/** A smoke run makes fewer files. */
function scaled(bench: Bench, scale: Scale): Scale {
  return bench.settings.smoke ? { ...scale, topics: Math.ceil(scale.topics / 10) } : scale
}

async function start(bench: Bench, engine: Engine, scale: Scale): Promise<Cluster> {
  const cluster = await bench.layOut(engine, false, {})
  try {
    writeTopics(cluster, scale)
    await cluster.start()
    await makeFiles(bench, cluster, scale)
    return cluster
  } catch (error) {
    await bench.remove(cluster)
    throw error
  }
}

/**
 * Loads until every queue has its file: making them costs once what no later message pays. Our engine makes a file when it
 * first writes the queue out, which is up to a minute after the first message.
 */
async function makeFiles(bench: Bench, cluster: Cluster, scale: Scale): Promise<void> {
  const folder = join(String(masterOf(cluster).conf['storePathRootDir']), 'consumequeue')
  const load = { ...loadOf(cluster, scale), 'warm-up': 0 }
  await runLoad('lean-producer', { ...load, seconds: 180, messages: 2 * scale.topics * scale.queues + 20_000 })
  const deadlineMs = Date.now() + (bench.settings.smoke ? 2000 : 90_000)
  while (Date.now() < deadlineMs && countFiles(folder) < scale.topics * scale.queues) {
    await runLoad('lean-producer', { ...load, seconds: bench.settings.smoke ? 1 : 5 })
  }
}

function countFiles(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && entry.parentPath.includes('/Grow')).length
}

function loadOf(cluster: Cluster, scale: Scale) {
  return { port: masterOf(cluster).port, topic: 'Grow', topics: scale.topics, queues: scale.queues, size: 128 }
}

export const queueGrowth: CellGroup = {
  cells: {
    'queues-8': 'lean producer, 128 B bodies, 1 topic of 8 queues',
    'queues-10000': 'the same round-robin over 2,000 topics of 5 queues',
    'queues-50000': 'the same over 10,000 topics of 5 queues (our engine only)',
  },
  run: async (bench) => {
    const runs: { cell: string; engine: Engine; cluster: Cluster; scale: Scale }[] = []
    try {
      for (const [cell, whole] of Object.entries(SCALES)) {
        const scale = scaled(bench, whole)
        if (!bench.settings.wanted(cell)) continue
        for (const engine of scale.engines) {
          try {
            runs.push({ cell, engine, scale, cluster: await start(bench, engine, scale) })
          } catch (error) {
            bench.fail(cell, engine, 0, error)
          }
        }
      }
      const { smoke, seconds, rounds } = bench.settings
      const window = { 'warm-up': smoke ? 0.5 : 1, seconds }
      for (let round = 1; round <= rounds; round++) {
        for (const { cell, engine, cluster, scale } of runs) {
          await bench.measure(cell, engine, round, () => {
            return loadMaster(cluster, 'lean-producer', { ...loadOf(cluster, scale), ...window })
          })
        }
      }
    } finally {
      for (const { cluster } of runs) await bench.remove(cluster)
    }
  },
}
