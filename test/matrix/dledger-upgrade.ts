import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ask, routeOf } from '../compat/remoting.ts'
import { freePortBlock, Server, waitUntil } from '../compat/server.ts'
import { brokerConf, controllerRole } from './conf.ts'
import { ourMqadmin } from './mqadmin.ts'
import { layOutPair, Pair } from './pair.ts'
import { Side } from './side.ts'
import { awaitInSet, Clients, GROUP, storeOf, TOPIC, type UpgradeParts } from './upgrade-world.ts'

const COUNT = 60
const CONSUMER = 'dledger-consumer'
const AREA = 'DLedger 4.9 -> controller mode (gantry)'
const RETRIES = 7
/** What is kept of a DLedger broker's store. Consumer offsets are not: they speak of messages that are gone. */
const KEPT = ['topics.json', 'subscriptionGroup.json']

/** A DLedger group of 4.9 to controller mode: the messages go, topics and groups stay. */
export async function dledgerUpgrade(parts: UpgradeParts): Promise<void> {
  await parts.report.attempt(AREA, 'upgrade', async () => {
    const dir = join(parts.dir, 'dledger')
    const side = await Side.withStandalone(dir, 'side', 'apache-4.9', 'gantry')
    await side.start()
    const dledger = await layOutDledger(dir, side.namesrv.address)
    await Promise.all(dledger.brokers.map((broker) => broker.start()))
    const leader = await dledger.awaitMaster('a DLedger leader', 120_000)
    await dledger.createTopic(leader, TOPIC)
    const words = `updateSubGroup -b ${leader.address} -g ${CONSUMER} -r ${RETRIES} -n ${side.namesrv.address}`
    const text = await parts.driver.mqadmin(...words.split(' '))
    if (!text.includes('success')) throw new Error(text)
    const clients = new Clients(parts, AREA, side.namesrv.address)
    await clients.send(0, COUNT)
    await clients.gets('before: DLedger serves', CONSUMER, 0, COUNT)
    await dledger.awaitBoth(TOPIC)
    await dledger.stop('SIGTERM')
    await checkUpgraded(parts, dir, side, dledger)
    await side.stop()
  })
}

async function checkUpgraded(
  { report, ...parts }: UpgradeParts,
  dir: string,
  side: Side,
  dledger: Pair,
): Promise<void> {
  const pair = await withKeptTables(dir, side, dledger)
  const [first, second] = pair.brokers
  await first.start()
  await pair.awaitMaster('online', 60_000)
  await second.start()
  await awaitInSet(side.controllerAddr, 2)
  await waitUntil(`the route of ${TOPIC}`, 30_000, async () => {
    return (await routeOf(side.namesrv.address, TOPIC)).includes(GROUP)
  }).catch(() => undefined)
  const routed = await routeOf(side.namesrv.address, TOPIC)
  report.check(
    AREA,
    'the topic is there, on every replica',
    routed.includes(GROUP) && (await isOn(pair)),
    String(routed),
  )
  const config = await ourMqadmin(`getConsumerConfig -g ${CONSUMER} -n ${side.namesrv.address}`.split(' '))
  report.check(
    AREA,
    'the consumer group is there as it was',
    new RegExp(`retryMaxTimes *= *${RETRIES}`).test(config),
    config,
  )
  const clients = new Clients({ report, ...parts }, AREA, side.namesrv.address)
  await clients.send(0, COUNT)
  await clients.gets('the group consumes from the new beginning', CONSUMER, 0, COUNT)
  const master = (await pair.master())!
  await master.stop('SIGKILL')
  await pair.awaitMaster('the other replica master', 60_000, (next) => next !== master)
  await clients.gets('after a kill of the master nothing is lost', `${CONSUMER}-new`, 0, COUNT)
  await pair.stop()
}

/** A pair under controllers that has of a DLedger group what is kept. */
export async function withKeptTables(dir: string, side: Side, dledger: Pair): Promise<Pair> {
  const pair = await layOutPair(dir, GROUP, 'gantry', side.namesrv.address, () => controllerRole(side.controllerAddr))
  for (const [index, broker] of pair.brokers.entries()) {
    const config = join(storeOf(broker), 'config')
    mkdirSync(config, { recursive: true })
    for (const file of KEPT) cpSync(join(storeOf(dledger.brokers[index]!), 'config', file), join(config, file))
  }
  return pair
}

async function isOn(pair: Pair): Promise<boolean> {
  const answers = await Promise.all(pair.brokers.map(({ address }) => ask(address, { code: 21 })))
  return answers.every(({ body }) => body.includes(`"${TOPIC}"`))
}

/** Two members: enough for a majority as long as both live. */
export async function layOutDledger(dir: string, namesrvAddr: string): Promise<Pair> {
  const ports = [await freePortBlock(), await freePortBlock()]
  const peers = [await freePortBlock(), await freePortBlock()].map((port, index) => `n${index}-127.0.0.1:${port}`)
  const brokers = ports.map((port, index) => {
    const name = `dledger-${index}`
    const conf = {
      ...brokerConf(dir, name, port, namesrvAddr),
      brokerName: GROUP,
      enableDLegerCommitLog: true,
      dLegerGroup: GROUP,
      dLegerPeers: peers.join(';'),
      dLegerSelfId: `n${index}`,
    }
    return new Server({ name, kind: 'broker', engine: 'apache-4.9', port, dir, jvm: '', conf })
  })
  return new Pair(GROUP, namesrvAddr, brokers as [Server, Server])
}
