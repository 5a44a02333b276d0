import { afterEach, expect, onTestFailed, test } from 'vitest'
import { bodiesOf, WholeBroker } from '../../runtime/broker/testing/whole-broker.ts'
import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
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
  group = await ReplicaGroup.start(brokers, 'timerRollWindowSlot=12\n')
  await group.advance(1_000)
  return group
}

function timed(deliverMs: number, key: string): string {
  return `TIMER_DELIVER_MS\x01${deliverMs}\x02UNIQ_KEY\x01${key}\x02`
}

async function sendAt(replicas: ReplicaGroup, deliverMs: number, body: string): Promise<number> {
  const fields = { a: 'pg', b: 'T', c: 'TBW102', d: 4, e: 0, f: 0, g: 5, h: 0, j: 0, k: false, m: false }
  const request = { fields: { ...fields, i: timed(deliverMs, body) }, body: Buffer.from(body) }
  return (await replicas.ask(replicas.master, RequestCode.SEND_MESSAGE_V2, request)).code
}

async function deliveredBy(replicas: ReplicaGroup, index: number): Promise<string[]> {
  const fields = {
    ...{ consumerGroup: 'cg', topic: 'T', queueId: 0, maxMsgNums: 32, sysFlag: 4, commitOffset: 0 },
    ...{ suspendTimeoutMillis: 0, subscription: '*', subVersion: 1, expressionType: 'TAG' },
  }
  const found: string[] = []
  for (;;) {
    const request = { fields: { ...fields, queueOffset: found.length } }
    const { body } = await replicas.ask(index, RequestCode.PULL_MESSAGE, request)
    if (!body) return found
    found.push(...decodeMessages(body).map((message) => message.body.toString()))
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`)

test('a slave delivers nothing; made master by hand it goes on, and repeats nothing', async () => {
  const master = await WholeBroker.start('timerRollWindowSlot=12\n')
  const slave = await WholeBroker.start(`timerRollWindowSlot=12\n${SLAVE}`, {}, master)
  const startMs = master.clock.now()
  const pass = async (ms: number) => {
    for (let i = 0; i < ms; i += 100) await master.advance(100)
  }
  const told = { masterHaAddress: '127.0.0.1:10912', masterAddress: master.address, masterFlushOffset: 0 }
  await slave.ask(RequestCode.EXCHANGE_BROKER_HA_INFO, { fields: told })
  await pass(1_000)
  for (let i = 0; i < 40; i++) {
    await master.send('T', { body: `m${i}`, properties: timed(startMs + 2_000 + i * 500, `m${i}`) })
  }
  await pass(8_050)
  const before = bodiesOf(await slave.pull('T', { sysFlag: 4 }))
  expect(before.length).toBeGreaterThan(5)
  master.crash('process')
  await pass(2_000)
  expect(bodiesOf(await slave.pull('T', { sysFlag: 4 }))).toEqual(before)
  slave.crash('process')
  await slave.startAgain(`timerRollWindowSlot=12\n${MASTER}`)
  await pass(15_000)
  const found: string[] = []
  for (let more = ['']; more.length > 0; found.push(...more)) {
    more = bodiesOf(await slave.pull('T', { offset: found.length, sysFlag: 4 }))
  }
  // What became due while nobody was master came at once.
  expect(found.toSorted()).toEqual(numbers(40).toSorted())
})

test('whoever the controllers elect delivers what waits, each message once', async () => {
  const replicas = await start(3)
  const startMs = replicas.clock.now()
  for (let i = 0; i < 30; i++) expect(await sendAt(replicas, startMs + 6_000 + i * 700, `m${i}`)).toBe(0)
  for (const restMs of [6_000, 7_000]) {
    await replicas.advance(restMs)
    const old = replicas.master
    replicas.crash(old)
    await replicas.advance(1_500)
    expect(replicas.master).not.toBe(old)
    await replicas.startAgain(old)
    await replicas.advance(1_000)
  }
  await replicas.advance(20_000)
  const found = await deliveredBy(replicas, replicas.master)
  expect(found.toSorted()).toEqual(numbers(30).toSorted())
})

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  'seed %i: masters come and go while messages are sent; none that was taken is lost',
  async (seed) => {
    const replicas = await start(2)
    const random = new SeededRandom(seed)
    const taken: string[] = []
    for (let i = 0; i < 60; i++) {
      if (replicas.master >= 0 && random.below(100) < 80) {
        const body = `m${i}`
        const deliverMs = replicas.clock.now() + random.below(20_000)
        if ((await sendAt(replicas, deliverMs, body)) === ResponseCode.SUCCESS) taken.push(body)
      }
      await replicas.advance(random.below(8) * 50)
      if (random.below(15) > 0 || replicas.master < 0) continue
      const old = replicas.master
      replicas.crash(old)
      await replicas.advance(500 + random.below(1_000))
      await replicas.startAgain(old)
      await replicas.advance(1_000)
    }
    await replicas.advance(25_000)
    const found = await deliveredBy(replicas, replicas.master)
    expect(taken.filter((body) => !found.includes(body))).toEqual([])
    expect(found.filter((body, i) => found.indexOf(body) < i && taken.includes(body))).toEqual([])
  },
)
