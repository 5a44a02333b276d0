import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { commitLogDifference } from '../compat/files.ts'
import { freePortBlock, Server, type ServerEngine, waitUntil } from '../compat/server.ts'
import { controllerConf, controllerRole } from './conf.ts'
import { ourMqadmin } from './mqadmin.ts'
import { layOutPair, type Pair } from './pair.ts'
import { Side } from './side.ts'
import { awaitInSet, Clients, GROUP, groupState, storeOf, TOPIC, type UpgradeParts } from './upgrade-world.ts'

const AREA = 'Apache 5.5 group under controllers -> gantry -> back, a broker at a time'
const PER_STEP = 60
const CONSUMER = 'rolling-consumer'

/**
 * A group that elects its master goes from engine to engine while it serves: the slave first, then it becomes master, then the
 * other one. Stores, identity and epoch files stay where they are.
 */
export async function rollingChange(parts: UpgradeParts): Promise<void> {
  await parts.report.attempt(AREA, 'change', async () => {
    const dir = join(parts.dir, 'rolling')
    const side = await Side.withStandalone(dir, 'side', 'apache', 'apache')
    await side.start()
    const pair = await layOutPair(dir, GROUP, 'apache', side.namesrv.address, () => controllerRole(side.controllerAddr))
    const clients = new Clients(parts, AREA, side.namesrv.address)
    await pair.start(TOPIC)
    await awaitInSet(side.controllerAddr, 2)
    let sent = 0
    const step = async (what: string): Promise<void> => {
      await clients.send(sent, PER_STEP)
      sent += PER_STEP
      // A group of its own: an Apache slave copies offsets once a minute, so that another master may repeat messages.
      await clients.gets(`${what}: every message once, in order`, `${CONSUMER}-${sent}`, 0, sent)
    }
    await step('Apache master and slave')
    for (const engine of ['gantry', 'apache'] as const) {
      const [first, second] = await inOrder(pair)
      await change(pair, side, second, engine)
      await step(`${first.engine} master, ${second.engine} slave`)
      await handOver(parts, pair, side, second)
      await step(`${second.engine} master, ${first.engine} slave`)
      await change(pair, side, first, engine)
      await step(`${engine} master and slave`)
    }
    const end = await pair.awaitEqualLogs()
    const difference = commitLogDifference(storeOf(pair.brokers[0]), storeOf(pair.brokers[1]), end)
    parts.report.check(AREA, 'equal logs', difference === -1, `first difference at ${difference}`)
    await newControllers(parts, pair, side, sent)
    await pair.stop()
    await side.stop()
  })
}

/** The whole group to our engine, and to controllers that have never heard of it: its epochs go on from where they were. */
async function newControllers(parts: UpgradeParts, pair: Pair, side: Side, sent: number): Promise<void> {
  const area = 'Apache 5.5 group -> gantry brokers and controllers'
  const port = await freePortBlock()
  const conf = controllerConf(port, join(parts.dir, 'rolling', 'new-controller'))
  const dir = join(parts.dir, 'rolling')
  const controller = new Server({ name: 'new-c', kind: 'controller', engine: 'gantry', port, dir, conf, jvm: '' })
  const before = await groupState(side.controllerAddr)
  const [first, second] = await inOrder(pair)
  await second.stop()
  await first.stop()
  await controller.start()
  for (const broker of [first, second]) {
    broker.engine = 'gantry'
    broker.conf['controllerAddr'] = controller.address
    rmSync(join(storeOf(broker), 'brokerIdentity'))
  }
  await first.start()
  await pair.awaitMaster('the former master master again', 60_000, (master) => master === first)
  await second.start()
  await awaitInSet(controller.address, 2)
  const after = await groupState(controller.address)
  const seen = JSON.stringify({ before, after })
  parts.report.check(area, 'the epoch is a later one', after.masterEpoch > before.masterEpoch, seen)
  const clients = new Clients(parts, area, side.namesrv.address)
  await clients.send(sent, PER_STEP)
  await clients.gets('every message once, in order', `${CONSUMER}-new`, 0, sent + PER_STEP)
  await controller.stop()
}

/** Master first. */
async function inOrder(pair: Pair): Promise<[Server, Server]> {
  const [one, other] = pair.brokers
  return (await pair.master()) === one ? [one, other] : [other, one]
}

/** A slave stops, and another engine's broker goes on with its store. */
async function change(pair: Pair, side: Side, slave: Server, engine: ServerEngine): Promise<void> {
  await slave.stop()
  slave.engine = engine
  await slave.start()
  await pair.awaitBoth(TOPIC)
  await awaitInSet(side.controllerAddr, 2)
}

async function handOver({ report }: UpgradeParts, pair: Pair, side: Side, to: Server): Promise<void> {
  let text = ''
  // A machine that is too busy for heartbeats may have changed the master already, or have it alone in the set for a moment.
  await waitUntil(`${to.engine} elected`, 60_000, async () => {
    const { master, masterId, syncStateSet } = await groupState(side.controllerAddr)
    if (master === to.address) return true
    const next = syncStateSet.find((id) => id !== masterId)
    if (masterId === undefined || next === undefined) return false
    const words = `electMaster -a ${side.controllerAddr} -c MatrixCluster -bn ${GROUP} -b ${next}`
    text = await ourMqadmin(words.split(' '))
    return text.includes(to.address)
  }).catch(() => report.check(AREA, 'mqadmin electMaster', false, text))
  await pair.awaitMaster(`${to.engine} master`, 60_000, (master) => master === to)
  await awaitInSet(side.controllerAddr, 2)
}
