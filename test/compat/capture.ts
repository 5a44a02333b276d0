// Records frames between the official Java client, mqadmin and real Apache servers into golden/frames.jsonl:
//   node test/compat/capture.ts
// Servers listen on 127.0.0.1 but announce 127.0.0.2 and 127.0.0.3, where a relay stands on the same ports
// (the announced port is always the listening one). Linux only: elsewhere those loopback addresses need an alias.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cluster, layOutCluster } from './cluster.ts'
import { Driver } from './driver.ts'
import { ask, decodeFrame, type Frame, splitFrames } from './remoting.ts'
import { freePortBlock, stopAllServers, waitUntil } from './server.ts'

const frameSizeMax = 24_000
const largeFrameSize = 1000
const copiesPerKind = 1

/** One line of golden/frames.jsonl. A response names in `answers` the code of its request. */
type Golden = {
  code: number
  answers?: number
  requestVersion?: number
  kind: 'request' | 'oneway' | 'response'
  from: 'client' | 'broker' | 'namesrv'
  to: 'client' | 'broker' | 'namesrv'
  serialization: string
  language: string
  version: number
  flag: number
  opaque: number
  remark: string | null
  extFields: Record<string, string>
  bodyLength: number
  hex: string
}

const golden: Golden[] = []
const copies = new Map<string, number>()

function record(frame: Frame, bytes: Buffer, from: Golden['from'], to: Golden['to'], request: Frame | undefined): void {
  const requestCode = request?.code ?? -1
  const kind = (frame.flag & 1) === 1 ? 'response' : (frame.flag & 2) === 2 ? 'oneway' : 'request'
  if (kind === 'response' && requestCode < 0) return
  if (bytes.length > frameSizeMax) return
  const fields = Object.keys(frame.extFields)
    .filter((name) => name !== 'ReqT')
    .sort()
    .join(',')
  // The dialect of a route depends on the version of who asked and on this field.
  const routeDialect =
    requestCode === 105 ? [request?.version, request?.extFields['acceptStandardJsonOnly']].join('|') : ''
  // Of the large ones (whole tables) one is enough, whoever asked in whichever serialization.
  const parties = bytes.length > largeFrameSize ? '' : [from, to, frame.serialization].join('|')
  const shape = [kind, frame.code, requestCode, parties, frame.language, fields, routeDialect].join('|')
  const seen = copies.get(shape) ?? 0
  if (seen >= copiesPerKind) return
  copies.set(shape, seen + 1)
  golden.push({
    code: frame.code,
    ...(kind === 'response' ? { answers: requestCode, requestVersion: request?.version ?? 0 } : {}),
    kind,
    from,
    to,
    serialization: frame.serialization,
    language: frame.language,
    version: frame.version,
    flag: frame.flag,
    opaque: frame.opaque,
    remark: frame.remark,
    extFields: frame.extFields,
    bodyLength: frame.body.length,
    hex: bytes.toString('hex'),
  })
}

/** Passes bytes on in both directions and records the frames. Brokers are told from clients by the codes only they send. */
function relay(host: string, port: number, targetPort: number, server: 'broker' | 'namesrv'): Promise<NetServer> {
  const brokerOnly = new Set([43, 45, 60, 61, 103, 104, 217, 322, 402, 901, 904, 906])
  const listener = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    const requests = { near: new Map<number, Frame>(), far: new Map<number, Frame>() }
    let peer: Golden['from'] = 'client'
    const pipe = (source: Socket, sink: Socket, side: 'near' | 'far'): void => {
      let pending: Buffer = Buffer.alloc(0)
      source.on('data', (chunk) => {
        sink.write(chunk)
        const split = splitFrames(Buffer.concat([pending, chunk]))
        pending = split.rest
        for (const bytes of split.frames) {
          const frame = decodeFrame(bytes)
          const isResponse = (frame.flag & 1) === 1
          if (!isResponse && side === 'near' && brokerOnly.has(frame.code)) peer = 'broker'
          if (!isResponse) requests[side].set(frame.opaque, frame)
          const request = isResponse ? requests[side === 'near' ? 'far' : 'near'].get(frame.opaque) : frame
          record(frame, Buffer.from(bytes), side === 'near' ? peer : server, side === 'near' ? server : peer, request)
        }
      })
      source.on('close', () => sink.destroy())
      source.on('error', () => sink.destroy())
    }
    pipe(near, far, 'near')
    pipe(far, near, 'far')
  })
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(port, host, () => resolve(listener))
  })
}

async function scenarios(driver: Driver, namesrv: string, tag: string): Promise<void> {
  const names = [
    'send-sync',
    'send-async',
    'send-oneway',
    'send-batch',
    'auto-create',
    'pull',
    'lite-pull',
    'lite-pull-assign',
    'clustering',
    'broadcasting',
    'orderly',
    'tag-filter',
    'retry-dlq',
    'delay',
    'restart',
    'query',
    'timestamp',
    'api',
  ]
  for (const name of names) {
    const topic = `${tag}-${name}`
    if (name !== 'auto-create')
      await driver.mqadmin('updateTopic', '-n', namesrv, '-c', 'CompatCluster', '-t', topic, '-r', '4', '-w', '4')
    const row = await driver.run(name, { namesrv, topic, group: `g-${topic}`, count: 10, level5Ms: 2000 })
    console.log(
      row.ok ? 'ok  ' : 'FAIL',
      name,
      `${row.ms} ms`,
      row.faults.join('; '),
      row.ok ? '' : JSON.stringify(row),
    )
  }
}

async function adminCommands(driver: Driver, namesrv: string, broker: string, tag: string): Promise<void> {
  const topic = `${tag}-send-sync`
  const group = `g-${tag}-hold`
  const held = driver.start('hold', { namesrv, topic, group })
  await held.awaitEvent('held')
  const commands = [
    `clusterList`,
    `topicList`,
    `topicList -c`,
    `topicRoute -t ${topic}`,
    `topicRoute -t Nowhere`,
    `topicStatus -t ${topic}`,
    `brokerStatus -b ${broker}`,
    `getBrokerConfig -b ${broker}`,
    `updateBrokerConfig -b ${broker} -k flushIntervalCommitLog -v 501`,
    `haStatus -b ${broker}`,
    `updateSubGroup -b ${broker} -g ${group}2`,
    `deleteSubGroup -b ${broker} -g ${group}2`,
    `consumerProgress -g ${group}`,
    `consumerProgress`,
    `consumerConnection -g ${group}`,
    `producerConnection -g PID_${group} -t ${topic}`,
    `consumerStatus -g ${group}`,
    `queryCq -t ${topic} -q 0 -i 0 -c 2 -b ${broker}`,
    `queryMsgByOffset -t ${topic} -b broker-a -i 0 -o 0`,
    `queryMsgByKey -t ${topic} -k g-${topic}-0`,
    `printMsg -t ${topic}`,
    `resetOffsetByTime -g ${group} -t ${topic} -s now`,
    `cloneGroupOffset -s ${group} -d ${group}3 -t ${topic} -o true`,
    `wipeWritePerm -b broker-a`,
    `addWritePerm -b broker-a`,
    `statsAll -t ${topic}`,
    `brokerConsumeStats -b ${broker}`,
    `producer -b ${broker}`,
    `updateKvConfig -s s -k k -v v`,
    `deleteKvConfig -s s -k k`,
    `getNamesrvConfig`,
    `updateNamesrvConfig -k productEnvName -v center`,
    `getConsumerConfig -g ${group}`,
    `topicClusterList -t ${topic}`,
    `skipAccumulatedMessage -g ${group} -t ${topic}`,
    `cleanUnusedTopic -b ${broker}`,
    `cleanExpiredCQ -b ${broker}`,
    `deleteExpiredCommitLog -b ${broker}`,
    `sendMessage -t ${topic} -p hello -k key -c tag`,
    `checkMsgSendRT -t ${topic} -a 2 -s 10`,
    `updateTopicPerm -t ${topic} -b ${broker} -p 4`,
    `updateTopicPerm -t ${topic} -b ${broker} -p 6`,
    `deleteTopic -t ${tag}-send-async -c CompatCluster`,
  ]
  for (const command of commands) {
    const out = await driver.mqadmin(...command.split(' '), '-n', namesrv)
    if (/Exception|THROWN/.test(out))
      console.log(`${command}: ${out.split('\n').find((line) => /Exception|THROWN/.test(line))}`)
  }
  held.signal('release')
  await held.result
}

/** Requests that neither the client nor a slave sends by itself in this setting. */
async function rawRequests(namesrv: string, broker: string, tag: string): Promise<void> {
  const topic = `${tag}-send-sync`
  // Clients before 4.9.4 get the route with unquoted numeric map keys; those that ask for standard JSON get it quoted.
  await ask(namesrv, { code: 105, version: 300, extFields: { topic } })
  await ask(namesrv, { code: 105, version: 300, extFields: { topic, acceptStandardJsonOnly: 'true' } })
  await ask(namesrv, { code: 9999 })
  await ask(broker, { code: 9999 })
  for (const code of [43, 45, 21, 201, 328]) await ask(broker, { code })
  const properties = 'KEYS\u0001raw-key\u0002TAGS\u0001raw-tag\u0002WAIT\u0001true\u0002'
  const fields = {
    producerGroup: 'raw',
    topic,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: '4',
    queueId: '0',
    sysFlag: '0',
    bornTimestamp: String(Date.now()),
    flag: '0',
    properties,
    reconsumeTimes: '0',
    unitMode: 'false',
    batch: 'false',
  }
  await ask(broker, { code: 10, extFields: fields, body: Buffer.from('sent with the long header') })
  await ask(broker, { code: 10, extFields: { ...fields, topic: 'no such topic!' }, body: Buffer.from('x') })
  const pull = {
    consumerGroup: `g-${tag}-restart`,
    topic,
    queueId: '0',
    queueOffset: '0',
    maxMsgNums: '32',
    sysFlag: '0',
    commitOffset: '0',
    suspendTimeoutMillis: '0',
    subscription: '*',
    subVersion: '0',
    expressionType: 'TAG',
  }
  await ask(broker, { code: 11, extFields: { ...pull, consumerGroup: `no-group-${tag}` } })
  await ask(broker, { code: 11, extFields: { ...pull, topic: 'Nowhere' } })
  await ask(broker, { code: 11, extFields: { ...pull, queueId: '99' } })
}

async function pass(dir: string, serialization: 'JSON' | 'ROCKETMQ'): Promise<void> {
  const tag = serialization.toLowerCase()
  const cluster: Cluster = await layOutCluster({
    name: tag,
    dir,
    namesrvEngine: 'apache',
    brokers: [
      { group: 'broker-a', id: 0, engine: 'apache' },
      { group: 'broker-a', id: 1, engine: 'apache' },
    ],
    jvm: `-Drocketmq.serialize.type=${serialization}`,
  })
  const namesrvRelayPort = await freePortBlock()
  const namesrv = `127.0.0.1:${namesrvRelayPort}`
  const hosts = ['127.0.0.2', '127.0.0.3']
  const relays = [await relay('127.0.0.1', namesrvRelayPort, cluster.namesrv.port, 'namesrv')]
  for (const [index, broker] of cluster.brokers.entries()) {
    broker.conf = { ...broker.conf, brokerIP1: hosts[index]!, namesrvAddr: namesrv }
    relays.push(await relay(hosts[index]!, broker.port, broker.port, 'broker'))
  }
  const driver = new Driver(serialization, join(dir, `${tag}-driver`))
  try {
    await cluster.namesrv.start()
    for (const broker of cluster.brokers) await broker.start()
    await waitUntil('both brokers', 60_000, async () =>
      (await driver.mqadmin('clusterList', '-n', namesrv)).includes('127.0.0.3'),
    )
    await scenarios(driver, namesrv, tag)
    const master = `127.0.0.2:${cluster.brokers[0]!.port}`
    await adminCommands(driver, namesrv, master, tag)
    if (serialization === 'JSON') await rawRequests(namesrv, master, tag)
    // A slave copies its master's tables once a minute.
    const sentBySlave = new Set(golden.filter((line) => line.from === 'broker').map((line) => line.code))
    if (!sentBySlave.has(43)) await new Promise((resolve) => setTimeout(resolve, 65_000))
  } finally {
    await driver.close()
    for (const broker of [...cluster.brokers].reverse()) await broker.stop()
    await cluster.namesrv.stop()
    for (const listener of relays) listener.close()
  }
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-capture-'))
try {
  await pass(dir, 'JSON')
  await pass(dir, 'ROCKETMQ')
  golden.sort((a, b) => (a.answers ?? a.code) - (b.answers ?? b.code) || a.kind.localeCompare(b.kind))
  mkdirSync(join(import.meta.dirname, 'golden'), { recursive: true })
  writeFileSync(
    join(import.meta.dirname, 'golden/frames.jsonl'),
    `${golden.map((line) => JSON.stringify(line)).join('\n')}\n`,
  )
  console.log(
    `${golden.length} frames, codes ${[...new Set(golden.map((line) => line.answers ?? line.code))].sort((a, b) => a - b).join(' ')}`,
  )
} finally {
  await stopAllServers()
  rmSync(dir, { recursive: true, force: true })
}
process.exit(0)
