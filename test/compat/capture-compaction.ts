// Records the files of a compaction topic as Apache's broker writes them, before and after it compacts them, into
// runtime/store/compaction/golden/files.json:
//   node test/compat/capture-compaction.ts
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { layOutCluster } from './cluster.ts'
import { ask, createTopic } from './remoting.ts'
import { stopAllServers, waitUntil } from './server.ts'

const TOPIC = 'T'
const WITHIN_MS = 60_000
const CONF = { compactionCqMappedFileSize: 46 * 20, compactionMappedFileSize: 46 * 20 * 5, compactionThreadNum: 1 }

/** Every file below `compaction`, gzipped, in base64. */
function files(store: string): Record<string, string> {
  const root = join(store, 'compaction')
  const found: Record<string, string> = {}
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.bak')) continue
    const path = join(entry.parentPath, entry.name)
    found[path.slice(root.length + 1)] = gzipSync(readFileSync(path)).toString('base64')
  }
  return found
}

async function send(address: string, key: string, body: string): Promise<void> {
  const properties = encodeProperties([
    ['UNIQ_KEY', `u-${body}`],
    ['TAGS', 'red'],
    ['KEYS', key],
  ])
  const extFields = {
    ...{ a: 'producers', b: TOPIC, c: 'TBW102', d: '1', e: '0', f: '0', g: '1700000000000', h: '5' },
    ...{ i: properties, j: '0', k: 'false', m: 'false' },
  }
  const { code, remark } = await ask(address, { code: 310, extFields, body: Buffer.from(body) })
  if (code !== 0) throw new Error(`${body} refused: ${code} ${remark}`)
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-capture-'))
try {
  const brokers = [{ group: 'broker-a', id: 0, engine: 'apache' as const }]
  const conf = { ...CONF, compactionScheduleInternal: 3_600_000 }
  const cluster = await layOutCluster({ name: 'compaction', dir, namesrvEngine: 'gantry', brokers, conf })
  const broker = cluster.broker('broker-a')
  const store = String(broker.conf['storePathRootDir'])
  await cluster.start()
  await createTopic(broker.address, TOPIC, 1, '+cleanup.policy=COMPACTION')
  // k3 comes once, k4 not at the end. (Apache's broker takes no message without a body.)
  for (let i = 0; i < 70; i++) {
    const key = i === 5 ? 'k3' : i < 38 && i % 11 === 4 ? 'k4' : `k${i % 3}`
    await send(broker.address, key, `v${i}`)
  }
  await broker.stop()
  const rolled = files(store)
  Object.assign(broker.conf, { compactionScheduleInternal: 1000 })
  await broker.start()
  await waitUntil('the compaction', WITHIN_MS, () => 'position-checkpoint' in files(store))
  await broker.stop()
  const content = { conf: CONF, rolled, compacted: files(store) }
  const folder = join(import.meta.dirname, '../../runtime/store/compaction/golden')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'files.json'), `${JSON.stringify(content, null, 1)}\n`)
  console.log(Object.keys(rolled), Object.keys(content.compacted))
} finally {
  await stopAllServers()
  rmSync(dir, { recursive: true, force: true })
}
process.exit(0)
