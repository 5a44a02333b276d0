import { afterEach, expect, onTestFailed, test } from 'vitest'
import {
  createLite,
  LITE_ON,
  type LiteHost,
  type LitePopped,
  LiteTestClient,
  sendLite,
} from '../../runtime/broker/testing/lite-client.ts'
import { type Begun, WholeBroker } from '../../runtime/broker/testing/whole-broker.ts'
import type { RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { ReplicaGroup } from './replica-group.ts'
import { SeededRandom } from './seeded-random.ts'

const REPLICATED = `${LITE_ON}slaveReadEnable=true\n`
const SLAVE = `${REPLICATED}brokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\nhaMasterAddress=127.0.0.1:10912\n`
const MASTER = `${REPLICATED}brokerRole=ASYNC_MASTER\nbrokerId=0\nlistenPort=10921\n`
const LITES = ['a', 'b', 'c']

let group: ReplicaGroup | undefined

afterEach(() => {
  group?.killController()
  group = undefined
})

function hostOf(replicas: ReplicaGroup): LiteHost {
  const ask = (code: number, request: Omit<RequestDraft, 'code'> = {}) => replicas.ask(replicas.master, code, request)
  const begin = (): Begun => {
    throw new Error('nobody waits here')
  }
  return { clock: replicas.clock, ask, begin }
}

async function send(host: LiteHost, lite: string, body: string): Promise<boolean> {
  const i = `UNIQ_KEY\x01${body}\x02__LITE_TOPIC\x01${lite}\x02`
  const fields = { a: 'pg', b: 'P', c: 'TBW102', d: 4, e: 0, f: 0, g: 5, h: 0, i, j: 0, k: false, m: false }
  const answer = await host.ask(RequestCode.SEND_MESSAGE_V2, { fields, body: Buffer.from(body) })
  return answer.code === ResponseCode.SUCCESS
}

/** What a group gets of its lite topics, each of which has to come in order and without gaps, from whichever master. */
class Reader {
  readonly done = new Set<string>()
  readonly #next = new Map<string, number>()

  took(popped: readonly LitePopped[]): void {
    for (const { lite, offset, body } of popped) {
      const next = this.#next.get(lite) ?? 0
      if (offset > next) throw new Error(`${body} of ${lite} comes at ${offset}, while ${next} was not seen yet`)
      this.#next.set(lite, Math.max(next, offset + 1))
    }
  }
}

test('a slave gives no lite messages; made master by hand it goes on where the group was', async () => {
  const master = await WholeBroker.start(REPLICATED)
  const slave = await WholeBroker.start(SLAVE, {}, master)
  const pass = async (ms: number) => {
    for (let i = 0; i < ms; i += 100) await master.advance(100)
  }
  const told = { masterHaAddress: '127.0.0.1:10912', masterAddress: master.address, masterFlushOffset: 0 }
  await slave.ask(RequestCode.EXCHANGE_BROKER_HA_INFO, { fields: told })
  await createLite(master)
  const client = new LiteTestClient(master)
  await client.sync('PARTIAL_ADD', ['a', 'b'])
  for (const body of ['a0', 'a1', 'a2']) await sendLite(master, 'a', body)
  await sendLite(master, 'b', 'b0')
  const popped = await client.pop()
  expect(popped.map(({ body }) => body)).toEqual(['a0', 'a1', 'a2', 'b0'])
  for (const message of popped.slice(0, 2)) await client.ack(message)
  await pass(12_000)
  const other = new LiteTestClient(slave)
  expect((await other.answer()).code).not.toBe(ResponseCode.SUCCESS)
  master.crash('process')
  slave.crash('process')
  await slave.startAgain(MASTER)
  await slave.settle()
  await other.sync('COMPLETE_ADD', ['a', 'b'])
  // What was under way comes again.
  expect((await other.pop()).map(({ body }) => body)).toEqual(['a2', 'b0'])
  await sendLite(slave, 'a', 'a3')
  expect(await other.pop()).toEqual([])
})

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'seed %i: masters come and go while lite topics are consumed; each comes in order, and nothing is lost',
  async (seed) => {
    onTestFailed(() => console.log(group?.lines.join('\n')))
    const replicas = await ReplicaGroup.start(2, LITE_ON)
    group = replicas
    await replicas.advance(1_000)
    const host = hostOf(replicas)
    await createLite(host)
    await replicas.advance(6_000)
    const random = new SeededRandom(seed)
    const clients = ['c1', 'c2'].map((id) => new LiteTestClient(host, id))
    const reader = new Reader()
    const taken: string[] = []
    const subscribe = async (): Promise<void> => {
      // Either has one of its own, both share the second.
      await clients[0]!.sync('COMPLETE_ADD', LITES.slice(0, 2))
      await clients[1]!.sync('COMPLETE_ADD', LITES.slice(1))
    }
    // What was popped, some of it from a former master.
    let held: { client: LiteTestClient; message: LitePopped }[] = []
    const pop = async (client: LiteTestClient, invisibleTime: number): Promise<number> => {
      const popped = await client.pop({ invisibleTime })
      reader.took(popped)
      held.push(...popped.map((message) => ({ client, message })))
      return popped.length
    }
    const ack = async (count: number): Promise<void> => {
      for (let i = 0; i < count && held.length > 0; i++) {
        const [{ client, message }] = held.splice(random.below(held.length), 1) as [(typeof held)[0]]
        // Taken as done whatever becomes of it: what is answered well is either acknowledged or comes again.
        if ((await client.ack(message)).code === ResponseCode.SUCCESS) reader.done.add(message.body)
      }
    }
    await subscribe()
    for (let i = 0; i < 80; i++) {
      const chance = random.below(100)
      const client = clients[random.below(2)]!
      if (replicas.master < 0) await replicas.advance(500)
      else if (chance < 45) {
        if (await send(host, LITES[random.below(3)]!, `m${i}`)) taken.push(`m${i}`)
      } else if (chance < 65) await pop(client, 1_000 + random.below(4_000))
      else if (chance < 80) await ack(random.below(4))
      else if (chance < 93) await replicas.advance(random.below(20) * 100)
      else {
        const old = replicas.master
        replicas.crash(old)
        await replicas.advance(500 + random.below(1_000))
        await replicas.startAgain(old)
        await replicas.advance(1_000)
        // As clients do every half minute.
        if (replicas.master >= 0) await subscribe()
      }
    }
    // Who is never heard of again took some with it: only what is read from here on counts.
    held = []
    const left = new Set(taken.filter((body) => !reader.done.has(body)))
    for (let quiet = 0; quiet < 16; ) {
      await subscribe()
      let count = 0
      for (const client of clients) count += await pop(client, 20_000)
      for (const { message } of held) left.delete(message.body)
      await ack(held.length)
      quiet = count > 0 ? 0 : quiet + 1
      await replicas.advance(500)
    }
    expect([...left]).toEqual([])
  },
)
