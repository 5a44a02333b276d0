import { afterEach, expect, onTestFailed, test } from 'vitest'
import { PopClient, type Popped } from '../../runtime/broker/testing/pop-client.ts'
import { type Begun, WholeBroker } from '../../runtime/broker/testing/whole-broker.ts'
import type { RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { ReplicaGroup } from './replica-group.ts'
import { SeededRandom } from './seeded-random.ts'

const SLAVE = 'slaveReadEnable=true\nbrokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\nhaMasterAddress=127.0.0.1:10912\n'
const MASTER = 'brokerRole=ASYNC_MASTER\nbrokerId=0\nlistenPort=10921\n'

let group: ReplicaGroup | undefined

afterEach(() => {
  group?.killController()
  group = undefined
})

async function start(brokers: number): Promise<ReplicaGroup> {
  onTestFailed(() => console.log(group?.lines.join('\n')))
  group = await ReplicaGroup.start(brokers)
  await group.advance(1_000)
  return group
}

function clientOf(replicas: ReplicaGroup): PopClient {
  const ask = (code: number, request: Omit<RequestDraft, 'code'> = {}) => replicas.ask(replicas.master, code, request)
  const begin = (): Begun => {
    throw new Error('nobody waits here')
  }
  return new PopClient({ clock: replicas.clock, ask, begin })
}

async function send(replicas: ReplicaGroup, body: string): Promise<boolean> {
  const i = `UNIQ_KEY\x01${body}\x02`
  const fields = { a: 'pg', b: 'T', c: 'TBW102', d: 4, e: 0, f: 0, g: 5, h: 0, i, j: 0, k: false, m: false }
  const request = { fields, body: Buffer.from(body) }
  return (await replicas.ask(replicas.master, RequestCode.SEND_MESSAGE_V2, request)).code === ResponseCode.SUCCESS
}

test('a slave lets nothing come again; made master by hand it goes on where the old one was', async () => {
  const master = await WholeBroker.start()
  const slave = await WholeBroker.start(SLAVE, {}, master)
  const pass = async (ms: number) => {
    for (let i = 0; i < ms; i += 100) await master.advance(100)
  }
  const told = { masterHaAddress: '127.0.0.1:10912', masterAddress: master.address, masterFlushOffset: 0 }
  await slave.ask(RequestCode.EXCHANGE_BROKER_HA_INFO, { fields: told })
  await pass(1_000)
  for (let i = 0; i < 12; i++) await master.send('T', { body: `m${i}`, properties: `UNIQ_KEY\x01m${i}\x02` })
  await pass(12_000)
  const client = new PopClient(master)
  const popped = await client.pop({ maxMsgNums: 8, invisibleTime: 5_000 })
  for (const message of popped.slice(0, 3)) await client.ack(message)
  const refused = await new PopClient(slave).answer()
  expect(refused.code).toBe(ResponseCode.SLAVE_NOT_AVAILABLE)
  await pass(1_000)
  master.crash('process')
  await pass(6_000)
  expect(slave.broker.tables.topics.find('%RETRY%cg_T')).toBe(undefined)
  slave.crash('process')
  await slave.startAgain(MASTER)
  await pass(7_000)
  const came: string[] = []
  for (let i = 0; i < 10; i++)
    came.push(...(await new PopClient(slave).pop({ invisibleTime: 60_000 })).map(({ body }) => body))
  // Three were acknowledged; the others come, those that had been popped as retries.
  const wanted = Array.from({ length: 12 }, (_, i) => `m${i}`).filter((body) =>
    popped.slice(0, 3).every((one) => one.body !== body),
  )
  expect(came.toSorted()).toEqual(wanted.toSorted())
})

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  'seed %i: masters come and go while messages are popped; none is lost, none comes after it was acknowledged in time',
  async (seed) => {
    const replicas = await start(2)
    const random = new SeededRandom(seed)
    const client = clientOf(replicas)
    const taken: string[] = []
    const done = new Set<string>()
    const ackedInTime = new Set<string>()
    const again: string[] = []
    let held: Popped[] = []
    const pop = async (invisibleTime: number): Promise<number> => {
      const popped = await client.pop({ maxMsgNums: 6, invisibleTime })
      again.push(...popped.map(({ body }) => body).filter((body) => ackedInTime.has(body)))
      held.push(...popped)
      return popped.length
    }
    const ack = async (message: Popped): Promise<void> => {
      const [, popTime, invisibleMs] = message.handle.split(' ').map(Number)
      const { code } = await client.ack(message)
      if (code !== ResponseCode.SUCCESS) return
      done.add(message.body)
      if (replicas.clock.now() < popTime! + invisibleMs!) ackedInTime.add(message.body)
    }
    for (let i = 0; i < 80; i++) {
      const chance = random.below(100)
      if (replicas.master < 0) await replicas.advance(500)
      else if (chance < 35) {
        if (await send(replicas, `m${i}`)) taken.push(`m${i}`)
      } else if (chance < 60) await pop(3_000 + random.below(4_000))
      else if (chance < 85) for (const message of held.splice(0, 2)) await ack(message)
      else if (chance < 93) await replicas.advance(random.below(20) * 100)
      else {
        const old = replicas.master
        replicas.crash(old)
        await replicas.advance(500 + random.below(1_000))
        await replicas.startAgain(old)
        await replicas.advance(1_000)
      }
    }
    held = []
    for (let quiet = 0; quiet < 16; ) {
      quiet = (await pop(20_000)) > 0 ? 0 : quiet + 1
      for (const message of held.splice(0)) await ack(message)
      await replicas.advance(500)
    }
    expect(taken.filter((body) => !done.has(body))).toEqual([])
    expect(again).toEqual([])
  },
)
