import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ControllerGroup, sendRaw } from './controller-group.ts'
import { commitLogDifference } from './files.ts'
import { PlayedReplica } from './played-replica.ts'
import { ask, runtimeInfo } from './remoting.ts'
import { type Server, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'auto-switch replication'

/**
 * Our replication and Apache's in one group under a real controller: ours follows theirs, theirs follows ours, and each cuts off
 * what only it has when the other was elected.
 */
export async function autoSwitchInterop(setting: Setting): Promise<void> {
  const dir = join(setting.dir, 'auto-switch')
  const group = await ControllerGroup.start(dir)
  const apache = await group.broker('apache')
  const world: World = { setting, group, apache, dir, ours: undefined, oursId: 0 }
  try {
    for (const [name, step] of STEPS) {
      // Each step rests on the one before it.
      let isDone = false
      await setting.report.attempt(AREA, name, async () => {
        await step(world)
        setting.report.check(AREA, name, true)
        isDone = true
      })
      if (!isDone) break
    }
  } finally {
    world.ours?.close()
    await apache.stop('SIGKILL')
    await group.controller.stop()
    await group.namesrv.stop()
  }
}

interface World {
  readonly setting: Setting
  readonly group: ControllerGroup
  readonly apache: Server
  readonly dir: string
  ours: PlayedReplica | undefined
  oursId: number
}

const APACHE_ID = 1

const STEPS: readonly (readonly [string, (world: World) => Promise<void>])[] = [
  ['an empty replica of ours copies an Apache master', oursFollows],
  ['ours is elected; the Apache broker becomes its slave', apacheFollows],
  ['what only our old master had is cut off when it follows the Apache one', oursIsCutBack],
  ['what only the Apache master had is cut off when it follows ours', apacheIsCutBack],
]

async function openOurs(world: World): Promise<PlayedReplica> {
  const ours = await PlayedReplica.open(world.group, join(world.dir, 'ours'))
  await ours.register(world.oursId)
  world.ours = ours
  world.oursId = ours.brokerId
  return ours
}

/** Both logs end at the same offset and are equal byte by byte, and everything is confirmed on ours. */
async function expectEqual(world: World, ours: PlayedReplica): Promise<void> {
  await waitUntil('equal logs', 60_000, async () => {
    const theirs = Number((await runtimeInfo(world.apache.address))['commitLogMaxOffset'])
    const { writtenOffset, confirmOffset } = ours.store
    if (theirs !== writtenOffset || confirmOffset !== writtenOffset) {
      throw new Error(`theirs ends at ${theirs}, ours at ${writtenOffset}, confirmed up to ${confirmOffset}`)
    }
    const difference = commitLogDifference(join(world.dir, 'apache'), join(world.dir, 'ours'), writtenOffset)
    if (difference >= 0) throw new Error(`the logs differ at ${difference}`)
    return true
  })
  await waitUntil('equal epochs', 60_000, () => {
    const text = readFileSync(join(world.dir, 'apache', 'epochFileCheckpoint'), 'latin1')
    if (text === readFileSync(join(world.dir, 'ours', 'epochFileCheckpoint'), 'latin1')) return true
    throw new Error(`epochs of the Apache broker: ${text}; ours: ${ours.replication.epochs}`)
  })
  const queue = ours.store.findQueue('HaTopic', 0)
  const answer = await ask(world.apache.address, { code: 30, extFields: { topic: 'HaTopic', queueId: '0' } })
  if (answer.extFields['offset'] !== String(queue?.maxOffset)) {
    throw new Error(`the queue ends at ${answer.extFields['offset']}, ours at ${queue?.maxOffset}`)
  }
}

async function oursFollows(world: World): Promise<void> {
  const { group, apache } = world
  await apache.start()
  await group.awaitMaster(apache.address, 1)
  // More than one file.
  await sendRaw(apache.address, 120, 1000)
  const ours = await openOurs(world)
  await ours.follow(apache.port + 1, APACHE_ID)
  await group.awaitMaster(apache.address, 2)
  await sendRaw(apache.address, 20, 100)
  await expectEqual(world, ours)
}

async function apacheFollows(world: World): Promise<void> {
  const { group } = world
  const ours = world.ours!
  await group.elect(ours.brokerId)
  await ours.becomeMaster()
  await group.awaitMaster(ours.address, 2)
  ours.put(150, 700)
  await expectEqual(world, ours)
}

async function oursIsCutBack(world: World): Promise<void> {
  const { group, apache } = world
  const old = world.ours!
  // What follows reaches nobody.
  await apache.stop('SIGKILL')
  await waitUntil('the slave has gone', 60_000, () => old.replication.links.size === 0)
  await group.awaitMaster(old.address, 1)
  old.put(10, 300)
  const end = old.store.writtenOffset
  old.close()
  await apache.start()
  await group.awaitMaster(apache.address, 1)
  await sendRaw(apache.address, 15, 200)
  const ours = await openOurs(world)
  if (ours.store.writtenOffset !== end) throw new Error(`ours begins at ${ours.store.writtenOffset} instead of ${end}`)
  await ours.follow(apache.port + 1, APACHE_ID)
  await group.awaitMaster(apache.address, 2)
  await expectEqual(world, ours)
}

async function apacheIsCutBack(world: World): Promise<void> {
  const { group, apache } = world
  world.ours!.close()
  await group.awaitMaster(apache.address, 1)
  await sendRaw(apache.address, 10, 300)
  await apache.stop('SIGKILL')
  const ours = await openOurs(world)
  await group.elect(ours.brokerId)
  await ours.becomeMaster()
  ours.put(25, 150)
  await apache.start()
  await group.awaitMaster(ours.address, 2)
  ours.put(5, 50)
  await expectEqual(world, ours)
}
