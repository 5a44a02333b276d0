import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { COMMIT, ROLLBACK } from '../testing/transaction-client.ts'
import {
  cutLog,
  delivered,
  HALF,
  logPath,
  messagesIn,
  OP,
  pass,
  positions,
  restarted,
  started,
} from '../testing/transaction-steps.ts'

test('a kill of the process loses no transaction and ends none twice', async () => {
  const { whole, producer } = await started()
  const committed = await producer.half()
  const rolledBack = await producer.half()
  await producer.half()
  await producer.end(committed, COMMIT)
  await producer.end(rolledBack, ROLLBACK)
  const again = await restarted(whole)
  await pass(whole, 11)
  expect(again.asked).toEqual(['K2'])
  await again.answer(0, COMMIT)
  const third = await restarted(whole)
  await pass(whole, 30)
  expect([third.asked, await delivered(whole)]).toEqual([[], ['body of K0', 'body of K2']])
  expect(positions(whole)[0]).toBe(4)
})

test('a kill between a committed message and its op message does not deliver it twice', async () => {
  const { whole, producer } = await started()
  await producer.end(await producer.half(), COMMIT)
  const [op] = await messagesIn(whole, OP)
  const again = await restarted(whole, () => cutLog(whole, op!.phyOffset))
  expect([await delivered(whole), await messagesIn(whole, OP)]).toEqual([['body of K0'], []])
  await pass(whole, 11)
  expect(again.asked).toEqual(['K0'])
  await again.answer(0, COMMIT)
  await pass(whole, 30)
  expect([again.asked, await delivered(whole)]).toEqual([['K0'], ['body of K0']])
})

test('a kill between a copy and the op message that names what it stands for asks about one of them', async () => {
  const { whole, producer } = await started()
  await producer.half()
  await pass(whole, 11)
  const [op] = await messagesIn(whole, OP)
  const again = await restarted(whole, () => cutLog(whole, op!.phyOffset))
  expect([(await messagesIn(whole, HALF)).length, await messagesIn(whole, OP)]).toEqual([2, []])
  await pass(whole, 11)
  expect(again.asked).toEqual(['K0'])
  await again.answer(0, COMMIT)
  await producer.answer(0, COMMIT)
  await pass(whole, 30)
  expect([again.asked, await delivered(whole), positions(whole)[0]]).toEqual([['K0'], ['body of K0'], 3])
})

test('what is ended in the turn in which the broker is stopped has its op message', async () => {
  const { whole, producer } = await started()
  const { commitLogOffset, tranStateTableOffset } = await producer.half()
  const fields = { producerGroup: 'pg', tranStateTableOffset, commitLogOffset, commitOrRollback: ROLLBACK }
  const ending = whole.begin(RequestCode.END_TRANSACTION, { fields })
  do {
    await new Promise((resolve) => setImmediate(resolve))
    whole.clock.finishTurn()
  } while (!whole.network.deliver())
  const stopped = whole.broker.stop()
  await whole.settle()
  await stopped
  expect((await ending.promise).code).toBe(ResponseCode.SUCCESS)
  expect(whole.disk.readFile(logPath(whole)).includes(OP)).toBe(true)
})
