import { afterEach, expect, onTestFailed, test } from 'vitest'
import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingServer } from '../../runtime/net/remoting-server.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { portOf, ReplicaGroup } from './replica-group.ts'

let group: ReplicaGroup

async function start(brokers: number, settings = ''): Promise<void> {
  onTestFailed(() => console.log(group?.lines.join('\n')))
  group = await ReplicaGroup.start(brokers, settings)
}

const send = (index: number, body: string, queueId = 0, topic = 'T') =>
  group.ask(index, RequestCode.SEND_MESSAGE_V2, {
    fields: { a: 'pg', b: topic, c: 'TBW102', d: 4, e: queueId, f: 0, g: 5, h: 0, i: '', j: 0, k: false, m: false },
    body: Buffer.from(body),
  })

async function bodies(index: number, topic = 'T', queueId = 0): Promise<string[]> {
  const fields = {
    consumerGroup: 'cg',
    topic,
    queueId,
    queueOffset: 0,
    maxMsgNums: 32,
    sysFlag: 4,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 1,
    expressionType: 'TAG',
  }
  const { body } = await group.ask(index, RequestCode.PULL_MESSAGE, { fields })
  return body ? decodeMessages(body).map((message) => `${message.queueOffset} ${message.body}`) : []
}

const setOf = (index: number) => [...(group.broker(index).syncStateSet ?? [])].sort()

afterEach(() => group.killController())

test('the first broker becomes master, the others follow and join the SyncStateSet', async () => {
  await start(3)
  expect(group.master).toBe(0)
  await group.advance(1_000)
  expect(setOf(0)).toEqual([1, 2, 3])
  expect((await send(0, 'one')).code).toBe(ResponseCode.SUCCESS)
  expect(await bodies(0)).toEqual(['0 one'])
  await group.advance(500)
  expect(await bodies(1)).toEqual(['0 one'])
})

test('when the master dies a replica takes over with everything that was acknowledged, and the old one rejoins', async () => {
  await start(3)
  await group.advance(1_000)
  for (let i = 0; i < 5; i++) await send(0, `m${i}`)
  group.crash(0)
  await group.advance(500)
  const master = group.master
  expect([1, 2]).toContain(master)
  expect(await bodies(master)).toEqual(['0 m0', '1 m1', '2 m2', '3 m3', '4 m4'])
  const answer = await send(master, 'after')
  expect([answer.code, answer.fields['queueOffset']]).toEqual([ResponseCode.SUCCESS, '5'])
  await group.startAgain(0)
  await group.advance(2_000)
  expect(group.master).toBe(master)
  expect(setOf(master)).toEqual([1, 2, 3])
  expect(await bodies(0)).toEqual(await bodies(master))
})

const createTopic = (index: number, topic: string) => {
  const fields = {
    topic,
    defaultTopic: 'TBW102',
    readQueueNums: 3,
    writeQueueNums: 3,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
  }
  return group.ask(index, RequestCode.UPDATE_AND_CREATE_TOPIC, { fields })
}

test('a topic made shortly before the switch is there after it', async () => {
  await start(3)
  await group.advance(1_000)
  expect((await createTopic(0, 'young')).code).toBe(ResponseCode.SUCCESS)
  group.crash(0)
  await group.advance(500)
  const { topics } = group.broker(group.master).tables
  expect(topics.find('young')?.writeQueueNums).toBe(3)
})

test('a topic that is asked for at a replica is made by the master', async () => {
  await start(3)
  await group.advance(1_000)
  expect((await createTopic(2, 'asked-elsewhere')).code).toBe(ResponseCode.SUCCESS)
  await group.advance(5_000)
  const writeQueues = [0, 1, 2].map(
    (index) => group.broker(index).tables.topics.find('asked-elsewhere')?.writeQueueNums,
  )
  expect(writeQueues).toEqual([3, 3, 3])
})

test('a client with an old route is served by whichever replica it asks', async () => {
  await start(3)
  await group.advance(1_000)
  await send(0, 'one')
  const answer = await send(2, 'passed on')
  expect([answer.code, answer.fields['queueOffset']]).toEqual([ResponseCode.SUCCESS, '1'])
  expect(await bodies(0)).toEqual(['0 one', '1 passed on'])
})

/** Sends one message after the other until told to stop, as one client; what was answered. */
function keepSending(index: number) {
  const answers: { code: number; offset: string | undefined }[] = []
  let isOver = false
  const done = (async () => {
    for (let i = 0; !isOver; i++) {
      const { code, fields } = await send(index, `s${i}`)
      answers.push({ code, offset: fields['queueOffset'] })
    }
  })()
  return {
    answers,
    end: async () => {
      isOver = true
      await done
    },
  }
}

test('an operator has another replica elected while messages are sent: none fails, none is stored twice', async () => {
  await start(3)
  await group.advance(1_000)
  const sending = keepSending(0)
  await group.advance(500)
  const before = sending.answers.length
  expect((await group.elect(3)).code).toBe(ResponseCode.SUCCESS)
  await group.advance(500)
  expect(group.master).toBe(2)
  const soFar = sending.answers.length
  await group.advance(500)
  await sending.end()
  expect([before > 0, soFar > before, sending.answers.length > soFar]).toEqual([true, true, true])
  expect(sending.answers).toEqual(
    sending.answers.map((_, offset) => ({ code: ResponseCode.SUCCESS, offset: `${offset}` })),
  )
  await group.advance(2_000)
  const all = await bodies(2)
  expect(all.length).toBe(Math.min(32, sending.answers.length))
  expect(setOf(2)).toEqual([1, 2, 3])
})

test('name servers hear of the next master before they hear that the last one is none any more', async () => {
  await start(3, 'namesrvAddr=127.0.0.1:9876')
  const heard: string[] = []
  const nameServer = new RemotingServer(createNetContext(group.clock, group.network, silentLogger), {
    idleTimeoutMs: 600_000,
  })
  nameServer.handle(RequestCode.REGISTER_BROKER, (request) => {
    heard.push(`${request.text('brokerAddr')} as ${request.text('brokerId')}`)
    return { code: ResponseCode.SUCCESS }
  })
  await nameServer.listen({ host: '127.0.0.1', port: 9876 })
  await group.advance(5_000)
  const [last, next] = [group.master, 1]
  heard.length = 0
  await group.elect(next + 1)
  await group.advance(1_000)
  expect([last, group.master]).toEqual([0, next])
  const at = (index: number) => (brokerId: number) => heard.indexOf(`${portOf(index)} as ${brokerId}`)
  expect(at(next)(0)).toBeGreaterThanOrEqual(0)
  expect(at(last)(1)).toBeGreaterThan(at(next)(0))
})

test('a master that is stopped makes another replica master first, and passes on what clients still send to it', async () => {
  await start(3)
  await group.advance(1_000)
  const sending = keepSending(0)
  await group.advance(300)
  let isStopped = false
  const stopped = group.stop(0).then(() => {
    isStopped = true
  })
  await group.advance(300)
  expect([1, 2]).toContain(group.master)
  await group.advance(500)
  expect(isStopped).toBe(false)
  await sending.end()
  await group.advance(1_000)
  expect(isStopped).toBe(true)
  await stopped
  expect(sending.answers.every(({ code }) => code === ResponseCode.SUCCESS)).toBe(true)
  expect(group.lines.some((line) => line.includes('broker gone') && line.includes('"isMaster":true'))).toBe(false)
})

test('a replica that is being stopped is not elected', async () => {
  await start(3, 'namesrvAddr=127.0.0.1:9876')
  // It holds up the stop of brokers that want to be forgotten.
  const nameServer = new RemotingServer(createNetContext(group.clock, group.network, silentLogger), {
    idleTimeoutMs: 600_000,
  })
  nameServer.handle(RequestCode.REGISTER_BROKER, () => ({ code: ResponseCode.SUCCESS }))
  nameServer.handle(RequestCode.UNREGISTER_BROKER, () => undefined)
  await nameServer.listen({ host: '127.0.0.1', port: 9876 })
  await group.advance(5_000)
  const leaving = group.master === 1 ? 0 : 1
  void group.stop(leaving)
  await group.advance(100)
  group.crash(group.master)
  await group.advance(1_000)
  expect([0, 1, 2]).toContain(group.master)
  expect(group.master).not.toBe(leaving)
})

test('without controllers the master goes on, and so does the next switch when they are gone for good', async () => {
  await start(3)
  await group.advance(1_000)
  group.killController()
  await group.advance(10_000)
  expect((await send(0, 'alone')).code).toBe(ResponseCode.SUCCESS)
})

test('a change of its configuration leaves a broker the role that the controllers gave it', async () => {
  await start(2)
  const index = group.master
  const body = Buffer.from('flushIntervalCommitLog=300\n')
  expect((await group.ask(index, RequestCode.UPDATE_BROKER_CONFIG, { body })).code).toBe(ResponseCode.SUCCESS)
  expect(group.master).toBe(index)
  expect((await send(index, 'after the change')).code).toBe(ResponseCode.SUCCESS)
  const { body: text } = await group.ask(index, RequestCode.GET_BROKER_CONFIG, {})
  expect(String(text)).toMatch(/^brokerRole=SYNC_MASTER$/m)
  expect(String(text)).toMatch(/^brokerId=0$/m)
})

test('a single broker that restarts is master again, at a later epoch', async () => {
  await start(1)
  await send(0, 'one')
  group.crash(0)
  await group.advance(500)
  await group.startAgain(0)
  await group.advance(2_000)
  expect(group.master).toBe(0)
  const answer = await send(0, 'two')
  expect([answer.code, answer.fields['queueOffset']]).toEqual([ResponseCode.SUCCESS, '1'])
  expect(await bodies(0)).toEqual(['0 one', '1 two'])
})
