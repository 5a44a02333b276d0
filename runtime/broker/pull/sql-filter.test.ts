import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { bodiesOf, START_MS, WholeBroker } from '../testing/whole-broker.ts'

const FILTERING = 'enablePropertyFilter=true\n'
/** Pulls whose subscription is that of the group's heartbeats. */
const BY_HEARTBEAT = { sysFlag: 2 }

async function started(settings = FILTERING): Promise<WholeBroker> {
  const whole = await WholeBroker.start(settings)
  for (let i = 0; i < 10; i++) await whole.send('T', { body: `m${i}`, properties: `n\x01${i}\x02` })
  return whole
}

function bySql(subscription: string, more: Readonly<Record<string, string | number>> = {}) {
  return { fields: { subscription, expressionType: 'SQL92', ...more } }
}

function heartbeat(whole: WholeBroker, subString: string, subVersion: number) {
  const subscription = { topic: 'T', subString, expressionType: 'SQL92', subVersion, tagsSet: [], codeSet: [] }
  const consumer = {
    groupName: 'cg',
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    subscriptionDataSet: [subscription],
  }
  const body = JSON.stringify({ clientID: 'c1', consumerDataSet: [consumer], producerDataSet: [] })
  return whole.ask(RequestCode.HEART_BEAT, { body: Buffer.from(body) })
}

test('a pull gets the messages its expression takes, and its offset passes over the others', async () => {
  const whole = await started()
  const answer = await whole.pull('T', bySql('n BETWEEN 3 AND 5 OR n = 8'))
  expect(bodiesOf(answer)).toEqual(['m3', 'm4', 'm5', 'm8'])
  expect(answer.fields['nextBeginOffset']).toBe('10')
  const none = await whole.pull('T', bySql('missing IS NOT NULL'))
  expect([none.code, none.remark, none.fields['nextBeginOffset']]).toEqual([
    ResponseCode.PULL_RETRY_IMMEDIATELY,
    'NO_MATCHED_MESSAGE',
    '10',
  ])
  const few = await whole.pull('T', bySql('n > 1', { maxMsgNums: 2 }))
  expect([bodiesOf(few), few.fields['nextBeginOffset']]).toEqual([['m2', 'm3'], '4'])
})

test('a pull that waits is woken by a message its expression takes, not by others', async () => {
  const whole = await started()
  const held = whole.beginPull('T', { offset: 10, ...bySql("colour = 'red'") })
  await whole.send('T', { body: 'blue', properties: 'colour\x01blue\x02' })
  await whole.send('T', { body: 'none' })
  expect(held.isSettled()).toBe(false)
  await whole.send('T', { body: 'red', properties: 'colour\x01red\x02' })
  expect(held.isSettled()).toBe(true)
  const answer = await held.promise
  expect([bodiesOf(answer), answer.fields['nextBeginOffset']]).toEqual([['red'], '13'])
})

test('the expression of the heartbeat counts for pulls that bring none', async () => {
  const whole = await started()
  await heartbeat(whole, 'n >= 8', START_MS)
  expect(bodiesOf(await whole.pull('T', BY_HEARTBEAT))).toEqual(['m8', 'm9'])
  await heartbeat(whole, 'n >= 9', START_MS + 1)
  expect(bodiesOf(await whole.pull('T', BY_HEARTBEAT))).toEqual(['m9'])
  const ahead = await whole.pull('T', { ...BY_HEARTBEAT, fields: { subVersion: START_MS + 2 } })
  expect(ahead.code).toBe(ResponseCode.SUBSCRIPTION_NOT_LATEST)
})

test('an expression that cannot be compiled is refused with the place, by its pull and by pulls after its heartbeat', async () => {
  const whole = await started()
  const reason =
    'illegal SQL92 expression, at character 4: expected a property, a number or a string, the expression ends'
  expect(await whole.pull('T', bySql('n >'))).toMatchObject({
    code: ResponseCode.SUBSCRIPTION_PARSE_FAILED,
    remark: reason,
  })
  expect(await whole.pull('T', { fields: { subscription: 'n', expressionType: 'JSON' } })).toMatchObject({
    code: ResponseCode.SUBSCRIPTION_PARSE_FAILED,
    remark: 'expressions of type JSON are not known, only TAG and SQL92',
  })
  await heartbeat(whole, 'n >', START_MS)
  expect(await whole.pull('T', BY_HEARTBEAT)).toMatchObject({
    code: ResponseCode.FILTER_DATA_NOT_EXIST,
    remark: `The broker's consumer filter data is not exist!Your expression may be wrong! ${reason}`,
  })
})

test('a filter is served only when enablePropertyFilter allows it', async () => {
  const whole = await started('')
  expect(await whole.pull('T', bySql('n > 1'))).toMatchObject({
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'The broker does not support consumer to filter message by SQL92',
  })
})

test('filters survive a restart and count at once for consumers that come back', async () => {
  const whole = await started()
  await heartbeat(whole, 'n = 7', START_MS)
  await whole.advance(10_000)
  whole.crash('power')
  await whole.settle()
  await whole.startAgain()
  expect(whole.broker.tables.filters.get('T', 'cg')?.expression).toBe('n = 7')
  await heartbeat(whole, 'n = 7', START_MS)
  expect(bodiesOf(await whole.pull('T', BY_HEARTBEAT))).toEqual(['m7'])
})
