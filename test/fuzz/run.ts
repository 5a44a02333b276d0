import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { layOutCluster } from '../compat/cluster.ts'
import { type Server, stopAllServers } from '../compat/server.ts'
import { Load, QUEUES, TOPIC } from '../crash/load.ts'
import { contentOf, judge } from '../crash/verify.ts'
import { SeededRandom } from '../sim/seeded-random.ts'
import { fuzzDecoder } from './decoder-fuzz.ts'
import { goldenFrames } from './golden-frames.ts'
import { fuzzPort } from './live-fuzz.ts'

/*
 * A million mutated frames at the decoder, and some at every live port while a well-behaved client works: it must not
 * notice, no process may die, and none may grow. `node test/fuzz/run.ts [--frames N] [--live N] [--seed N]`.
 */

const MEMORY_MAX_MB = 300

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    live: { type: 'string', default: '20000' },
    seed: { type: 'string' },
  },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const random = new SeededRandom(seed)
const outcomes: { check: string; result: string; ok: boolean }[] = []

function residentMb(server: Server): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

async function fuzzCluster(dir: string): Promise<void> {
  const cluster = await layOutCluster({
    name: 'fuzz',
    dir,
    namesrvEngine: 'gantry',
    brokers: [0, 1].map((id) => ({ group: 'broker-a', id, engine: 'gantry' as const })),
  })
  await cluster.start()
  await cluster.createTopics([TOPIC], QUEUES)
  const client = new RemotingClient(createNetContext(new RealClock(), new RealNetwork(), silentLogger), {
    connectTimeoutMs: 1000,
  })
  const master = cluster.broker('broker-a')
  const pids = [cluster.namesrv, ...cluster.brokers].map((server) => server.pid)
  const load = new Load(client, master.address)
  load.start()
  try {
    const live = Number(values.live)
    const raw = goldenFrames('broker')
    for (const [port, frames] of [
      [cluster.namesrv.port, goldenFrames('namesrv')],
      [master.port, raw],
      [master.port - 2, raw],
      [master.port + 1, raw],
    ] as const) {
      await fuzzPort(port, frames, live / 4, random)
      outcomes.push({ check: `port ${port}`, result: `${live / 4} mutated frames`, ok: true })
    }
  } finally {
    await load.stop()
  }
  const verdict = judge(load.acked, await contentOf(client, master.address))
  const healthy = verdict.lost === 0 && verdict.moved === 0 && load.acked.length > 0 && load.otherAnswers.size === 0
  const seen = `${load.acked.length} acknowledged, ${verdict.lost} lost, ${load.otherAnswers.size} kinds of errors`
  outcomes.push({ check: 'a client beside it', result: seen, ok: healthy })
  for (const [i, server] of [cluster.namesrv, ...cluster.brokers].entries()) {
    const alive = server.pid !== undefined && server.pid === pids[i]
    const memoryMb = alive ? residentMb(server) : 0
    outcomes.push({
      check: server.name,
      result: alive ? `alive, ${memoryMb} MB` : 'dead',
      ok: alive && memoryMb < MEMORY_MAX_MB,
    })
  }
  client.close()
  await cluster.stop()
}

process.stdout.write(`seed ${seed}\n`)
const dir = mkdtempSync(join(tmpdir(), 'gantry-fuzz-'))
try {
  const { fed, decoded, refused } = fuzzDecoder(Number(values.frames), random)
  outcomes.push({
    check: 'decoder',
    result: `${fed} fed, ${decoded} decoded, ${refused} refused`,
    ok: decoded > 0 && refused > 0,
  })
  await fuzzCluster(dir)
} catch (error) {
  outcomes.push({
    check: 'run',
    result: error instanceof Error ? (error.stack ?? error.message) : String(error),
    ok: false,
  })
} finally {
  await stopAllServers()
}
console.table(outcomes)
const failed = outcomes.filter(({ ok }) => !ok).length
if (failed === 0) rmSync(dir, { recursive: true })
else process.stdout.write(`logs kept in ${dir}\n`)
process.stdout.write(`${outcomes.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
