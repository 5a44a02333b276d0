import { expect, test } from 'vitest'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { bodiesOf, START_MS, WholeBroker } from '../testing/whole-broker.ts'

function batchOf(bodies: readonly string[]): Buffer {
  return Buffer.concat(
    bodies.map((text) => {
      const body = Buffer.from(text)
      const bytes = Buffer.alloc(22 + body.length)
      bytes.writeInt32BE(bytes.length, 0)
      bytes.writeInt32BE(body.length, 16)
      body.copy(bytes, 20)
      return bytes
    }),
  )
}

function sendBatch(whole: WholeBroker, bodies: readonly string[]): Promise<RemotingCommand> {
  const fields = { a: 'pg', b: 'T', c: 'TBW102', d: 4, e: 0, f: 0, g: START_MS, h: 0, i: '', j: 0, k: false, m: true }
  return whole.ask(RequestCode.SEND_BATCH_MESSAGE, { fields, body: batchOf(bodies) })
}

/** More messages than the store takes in one batch of its own. */
const LONG = Array.from({ length: 5000 }, (_, i) => `m${i}`)

test('a long batch is written as a whole and acknowledged as a whole', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { body: 'before' })
  const answer = await sendBatch(whole, LONG)
  expect([answer.code, answer.fields['queueOffset']]).toEqual([ResponseCode.SUCCESS, '1'])
  expect(whole.broker.store.findQueue('T', 0)!.maxOffset).toBe(5001)
  expect(bodiesOf(await whole.pull('T', { offset: 4999 }))).toEqual(['m4998', 'm4999'])
})

test('a write that fails while a long batch is taken leaves none of it, and nobody is told otherwise', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { body: 'before' })
  whole.disk.fail({ nth: 1, operations: ['write'], path: /commitlog/, code: 'EIO' })
  expect((await sendBatch(whole, LONG)).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
  expect(whole.broker.store.findQueue('T', 0)!.maxOffset).toBe(1)
  await whole.send('T', { body: 'after' })
  expect(bodiesOf(await whole.pull('T'))).toEqual(['before', 'after'])
})

test('a batch that finds no room for its second half leaves nothing of its first', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { body: 'before' })
  whole.disk.fail({ nth: 1, operations: ['open'], path: /commitlog/, code: 'ENOSPC' })
  const neighbour = whole.beginSend('T', { body: 'neighbour' })
  expect((await sendBatch(whole, LONG.slice(0, 1000))).code).toBe(ResponseCode.SYSTEM_ERROR)
  expect((await neighbour.promise).fields['queueOffset']).toBe('1')
  expect((await sendBatch(whole, ['a', 'b'])).fields['queueOffset']).toBe('2')
  expect(bodiesOf(await whole.pull('T'))).toEqual(['before', 'neighbour', 'a', 'b'])
  whole.disk.crash('process')
})
