import { cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { commitLogDifference, configText } from '../compat/files.ts'
import { ask } from '../compat/remoting.ts'
import { type Server, type ServerEngine, waitUntil } from '../compat/server.ts'
import { classicRole } from './conf.ts'
import { ourMqadmin } from './mqadmin.ts'
import { layOutPair, logEnd, type Pair } from './pair.ts'
import { Side } from './side.ts'
import {
  awaitInSet,
  Clients,
  copyStores,
  errorsOf,
  GROUP,
  groupState,
  storeOf,
  TOPIC,
  takeOver,
  type UpgradeParts,
} from './upgrade-world.ts'

/** What both hold, and what only the master has. */
const SHARED = 120
const MASTERS_OWN = 60
const MORE = 60
const CONSUMER = 'upgrade-consumer'

/** Stores of a master and its slave that Apache RocketMQ 4.9 wrote. */
interface ClassicStores {
  /** Writes were stopped, the slave has all. */
  readonly aligned: readonly string[]
  /** The slave was down while more came in; then the master was killed. */
  readonly unaligned: readonly string[]
  readonly mastersEndOffset: number
}

/** Master and slave of 4.9 to controller mode in place: with equal logs and without, in the right order and in the wrong one. */
export async function classicUpgrades(parts: UpgradeParts): Promise<void> {
  const stores = await writeClassicStores(parts)
  await Promise.all([
    aligned(parts, 'gantry', stores).then(() => masterFirst(parts, stores)),
    slaveFirst(parts, stores)
      .then(() => slaveDiverged(parts, stores))
      .then(() => aligned(parts, 'apache', stores)),
  ])
}

async function writeClassicStores(parts: UpgradeParts): Promise<ClassicStores> {
  const dir = join(parts.dir, 'classic')
  const side = await Side.withoutController(dir, 'classic', 'apache-4.9')
  await side.start()
  const pair = await layOutPair(dir, GROUP, 'apache-4.9', side.namesrv.address, classicRole)
  const clients = new Clients(parts, 'classic 4.9, before', side.namesrv.address)
  const master = await pair.start(TOPIC)
  await clients.send(0, SHARED)
  await clients.gets('a group consumes all', CONSUMER, 0, SHARED)
  await pair.awaitEqualLogs()
  for (const broker of pair.brokers) {
    await waitUntil(`offsets of ${CONSUMER} on ${broker.name}`, 90_000, () => {
      return configText(storeOf(broker), 'consumerOffset.json').includes(`"${TOPIC}@${CONSUMER}"`)
    })
  }
  await pair.stop('SIGTERM')
  const equal = copyStores(pair, parts.dir, 'aligned')
  await master.start()
  await pair.awaitMaster('the master alone', 90_000)
  await clients.send(SHARED, MASTERS_OWN)
  const mastersEndOffset = await logEnd(master)
  await pair.stop('SIGKILL')
  await side.stop()
  return { aligned: equal, unaligned: copyStores(pair, parts.dir, 'unaligned'), mastersEndOffset }
}

/** The documented way. `engine` apache: proves that this is what the official brokers and controllers do. */
async function aligned(parts: UpgradeParts, engine: ServerEngine, { aligned: stores }: ClassicStores): Promise<void> {
  const area = `classic 4.9 -> controller mode (${engine}), logs equal`
  const { report } = parts
  await report.attempt(area, 'upgrade', async () => {
    const dir = join(parts.dir, `aligned-${engine}`)
    const side = await Side.withStandalone(dir, 'side', 'apache-4.9', engine)
    await side.start()
    const pair = await takeOver(dir, engine, side, stores)
    const clients = new Clients(parts, area, side.namesrv.address)
    const master = await pair.start(TOPIC)
    await awaitInSet(side.controllerAddr, 2)
    report.check(area, 'the former master is elected, the former slave joins it', master === pair.brokers[0])
    await clients.gets('all messages are there, once, in order', `${CONSUMER}-new`, 0, SHARED)
    await clients.send(SHARED, MORE)
    await clients.gets('the consumer group goes on at its offset', CONSUMER, SHARED, MORE)
    await pair.awaitEqualLogs()
    await master.stop('SIGKILL')
    await pair.awaitMaster('the other replica master', 60_000, (next) => next !== master)
    await clients.send(SHARED + MORE, MORE)
    await clients.gets('after a kill of the master nothing is lost', `${CONSUMER}-after`, 0, SHARED + 2 * MORE)
    await master.start()
    await awaitInSet(side.controllerAddr, 2)
    await pair.awaitEqualLogs()
    if (engine === 'gantry') await backToClassic(parts, pair, side)
    else await pair.stop()
    await side.stop()
  })
}

/** The way back: the same stores under 4.9, roles in the conf files again. */
async function backToClassic(parts: UpgradeParts, pair: Pair, side: Side): Promise<void> {
  const area = 'controller mode (gantry) -> classic 4.9'
  await parts.report.attempt(area, 'way back', async () => {
    const last = (await pair.master())!
    // The slave first: the master then hands over to nobody.
    for (const broker of pair.brokers.filter((one) => one !== last)) await broker.stop()
    await last.stop()
    const dir = join(parts.dir, 'back')
    const old = await layOutPair(dir, GROUP, 'apache-4.9', side.namesrv.address, classicRole)
    const stores = copyStores(pair, dir, 'stores')
    const order = pair.brokers[0] === last ? [0, 1] : [1, 0]
    for (const [index, from] of order.entries()) renameSync(stores[from]!, storeOf(old.brokers[index]!))
    const clients = new Clients(parts, area, side.namesrv.address)
    await old.start(TOPIC)
    const total = SHARED + 2 * MORE
    await clients.gets('all messages are there, once, in order', `${CONSUMER}-back`, 0, total)
    await clients.send(total, MORE)
    await clients.gets('the consumer group goes on at its offset', `${CONSUMER}-after`, total, MORE)
    const end = await old.awaitEqualLogs()
    const difference = commitLogDifference(storeOf(old.brokers[0]), storeOf(old.brokers[1]), end)
    parts.report.check(
      area,
      'the slave follows with equal bytes',
      difference === -1,
      `first difference at ${difference}`,
    )
    await old.stop()
  })
}

async function masterFirst(parts: UpgradeParts, { unaligned }: ClassicStores): Promise<void> {
  const area = 'classic 4.9 -> controller mode (gantry), the slave lacks messages, master first'
  await parts.report.attempt(area, 'upgrade', async () => {
    const dir = join(parts.dir, 'master-first')
    const side = await Side.withEmbedded(dir, 'side')
    await side.start()
    const pair = await takeOver(dir, 'gantry', side, unaligned)
    const clients = new Clients(parts, area, side.namesrv.address)
    const master = await pair.start(TOPIC)
    await awaitInSet(side.controllerAddr, 2)
    parts.report.check(area, 'the former master is elected', master === pair.brokers[0])
    await clients.gets('all messages are there, those of the killed master too', CONSUMER, SHARED, MASTERS_OWN)
    await master.stop('SIGKILL')
    await pair.awaitMaster('the other replica master', 60_000, (next) => next !== master)
    await clients.gets('the former slave has them all', `${CONSUMER}-new`, 0, SHARED + MASTERS_OWN)
    await pair.stop()
    await side.stop()
  })
}

/** The wrong order: what only the master has is not cut off, and the operator hears of it and can set it right. */
async function slaveFirst(parts: UpgradeParts, { unaligned, mastersEndOffset }: ClassicStores): Promise<void> {
  const area = 'classic 4.9 -> controller mode (gantry), the slave lacks messages, slave first'
  await parts.report.attempt(area, 'upgrade', async () => {
    const side = await Side.withEmbedded(join(parts.dir, 'slave-first'), 'side')
    await side.start()
    const pair = await takeOver(join(parts.dir, 'slave-first'), 'gantry', side, unaligned)
    const [formerMaster, formerSlave] = pair.brokers
    await formerSlave.start()
    await pair.awaitMaster('the former slave master', 60_000)
    await formerMaster.start()
    await checkRefuses(parts, area, side, formerMaster, 'the same bytes only up to', mastersEndOffset)
    await setRight(parts, area, side, pair)
    await pair.stop()
    await side.stop()
  })
}

/** The slave was written to as a master for a while: as long as its log is the shorter one it looks like one that lags. */
async function slaveDiverged(parts: UpgradeParts, { aligned: equal, unaligned }: ClassicStores): Promise<void> {
  const area = 'classic 4.9 -> controller mode (gantry), the slave has messages of its own, master first'
  await parts.report.attempt(area, 'upgrade', async () => {
    const dir = join(parts.dir, 'diverged')
    const side = await Side.withEmbedded(dir, 'side')
    await side.start()
    const promoted = await layOutPair(join(dir, 'promoted'), GROUP, 'gantry', side.namesrv.address, classicRole)
    const [first] = promoted.brokers
    cpSync(equal[1]!, storeOf(first), { recursive: true })
    await first.start()
    await promoted.awaitMaster('the promoted slave', 60_000)
    await new Clients(parts, area, side.namesrv.address).send(SHARED, MASTERS_OWN / 3)
    const endOffset = await logEnd(first)
    await promoted.stop('SIGTERM')

    const pair = await takeOver(dir, 'gantry', side, [unaligned[0]!, storeOf(first)])
    const [master, slave] = pair.brokers
    await master.start()
    await pair.awaitMaster('the former master', 60_000, (one) => one === master)
    await slave.start()
    await checkRefuses(parts, area, side, slave, "is not equal to the master's from", endOffset)
    await pair.stop()
    await side.stop()
  })
}

/** It says so, and is no member, and keeps its log. */
async function checkRefuses(
  { report }: UpgradeParts,
  area: string,
  side: Side,
  replica: Server,
  why: string,
  endOffset: number,
): Promise<void> {
  let said = ''
  await waitUntil('an error of the replica', 30_000, () => {
    said = errorsOf(replica).find((line) => line.includes('does not follow its master')) ?? ''
    return said !== ''
  }).catch(() => undefined)
  const isClear = said.includes(why) && said.includes('Messages from before this group had a controller would be lost')
  report.check(area, 'it says that messages would be lost', isClear, said || replica.logTail())
  const { syncStateSet } = await groupState(side.controllerAddr)
  report.check(area, 'it does not join the SyncStateSet', syncStateSet.length === 1, JSON.stringify(syncStateSet))
  const kept = await logEnd(replica)
  report.check(area, 'nothing of its log is cut off', kept === endOffset, `${kept}, was ${endOffset}`)
}

/** As docs/upgrades.md has it. */
async function setRight(parts: UpgradeParts, area: string, side: Side, pair: Pair): Promise<void> {
  const [formerMaster, formerSlave] = pair.brokers
  for (const broker of pair.brokers) await broker.stop()
  const words = `cleanBrokerMetadata -a ${side.controllerAddr} -bn ${GROUP} -c MatrixCluster`
  const text = await ourMqadmin(words.split(' '))
  parts.report.check(area, 'mqadmin cleanBrokerMetadata', text.includes('success'), text)
  rmSync(join(storeOf(formerMaster), 'brokerIdentity'))
  renameSync(storeOf(formerSlave), `${storeOf(formerSlave)}.before`)
  await formerMaster.start()
  await pair.awaitMaster('the former master master again', 60_000, (master) => master === formerMaster)
  await formerSlave.start()
  await awaitInSet(side.controllerAddr, 2)
  const clients = new Clients(parts, area, side.namesrv.address)
  await clients.gets('set right: all messages are there', `${CONSUMER}-new`, 0, SHARED + MASTERS_OWN)
  const isGone = !existsSync(join(storeOf(formerSlave), 'commitlog'))
  const { body } = await ask(formerSlave.address, { code: 21 })
  parts.report.check(area, 'the other one has copied it all', !isGone && body.includes(`"${TOPIC}"`))
}
