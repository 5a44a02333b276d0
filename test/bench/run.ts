/*
 * The benchmark: the project's broker against Apache RocketMQ's, on this machine, in the same run, in turn.
 *
 *   node test/bench/run.ts [--smoke] [--only CELL,...] [--rounds N] [--seconds S] [--out FILE] [--markdown] [--list]
 *
 * --smoke      every cell once and briefly, to see that it works; says nothing about speed
 * --only       cells whose name starts with one of these
 * --out        all raw figures as JSON
 * --markdown   rewrite the table in docs/benchmarks.md
 *
 * Prints a table on stdout and progress on stderr. Ends with status 1 when a cell gave no figure, whatever the targets.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stopAllServers } from '../compat/server.ts'
import { stopAllClusters } from '../failover/stack-cluster.ts'
import { Bench, type CellGroup, tell } from './bench.ts'
import { controller } from './cells/controller.ts'
import { failover } from './cells/failover.ts'
import { grpc } from './cells/grpc.ts'
import { messageTypes } from './cells/message-types.ts'
import { planning } from './cells/planning.ts'
import { pop } from './cells/pop.ts'
import { queueGrowth } from './cells/queue-growth.ts'
import { replicaGroup } from './cells/replica-group.ts'
import { replication } from './cells/replication.ts'
import { singleMaster, syncFlush } from './cells/single-master.ts'
import { recovery, startUp } from './cells/start-up.ts'
import { timers } from './cells/timers.ts'
import { stopAllLoads } from './load-run.ts'
import { missedText, noiseTable, textTable, writeJson, writeMarkdown } from './report.ts'

const GROUPS: readonly CellGroup[] = [
  planning,
  startUp,
  singleMaster,
  syncFlush,
  replication,
  queueGrowth,
  messageTypes,
  timers,
  pop,
  grpc,
  controller,
  replicaGroup,
  failover,
  recovery,
]

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    out: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!(value > 0)) refuse(`--${name} ${text}: must be a number above 0`)
  return value
}

function refuse(why: string): never {
  console.error(why)
  process.exit(2)
}

const names = GROUPS.flatMap((group) => Object.entries(group.cells))
if (values.list) {
  for (const [name, what] of names) console.log(`${name.padEnd(34)} ${what}`)
  process.exit(0)
}
const only = values.only.split(',').filter((part) => part !== '')
for (const part of only) {
  if (!names.some(([name]) => name.startsWith(part)))
    refuse(`--only ${part}: no cell's name starts so; --list shows them`)
}

// The launchers share the machine with nothing of ours: no JVM starts before this is known.
execFileSync(join(import.meta.dirname, '../compat/reference/install.sh'), { stdio: ['ignore', 'inherit', 'inherit'] })

const bench = new Bench(
  {
    smoke: values.smoke,
    rounds: Math.ceil(positive('rounds', values.rounds, values.smoke ? 1 : 3)),
    seconds: positive('seconds', values.seconds, values.smoke ? 1 : 5),
    wanted: (cell) => only.length === 0 || only.some((part) => cell.startsWith(part)),
  },
  mkdtempSync(join(tmpdir(), 'gantry-bench-')),
)

async function cleanUp(): Promise<void> {
  stopAllLoads()
  await stopAllClusters()
  await stopAllServers()
  rmSync(bench.dir, { recursive: true, force: true })
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)))
}

const startedAt = performance.now()
try {
  for (const group of GROUPS) {
    const cells = Object.keys(group.cells).filter(bench.settings.wanted)
    if (cells.length === 0) continue
    try {
      await group.run(bench)
    } catch (error) {
      tell(`gave up on ${cells.join(', ')}: ${String(error)}`)
      for (const cell of cells) {
        if (!bench.results.some((result) => result.cell === cell)) bench.fail(cell, 'gantry', 0, error)
      }
    }
  }
} finally {
  await cleanUp()
}
tell(`done in ${Math.round((performance.now() - startedAt) / 1000)} s`)
console.log(`${textTable(bench)}\n\n${noiseTable(bench.results)}\n`)
if (!values.smoke) console.log(`${missedText(bench.results)}\n`)
if (values.out !== undefined) writeJson(bench, values.out)
if (values.markdown) writeMarkdown(bench, GROUPS)
for (const { cell, engine, round, why } of bench.failures) console.log(`failed: ${cell} ${engine} ${round}: ${why}`)
console.log(`${bench.results.length} passed, ${bench.failures.length} failed`)
process.exit(bench.failures.length === 0 ? 0 : 1)
