import { expect, test } from 'vitest'
import { messagesOf, START_MS, WholeBroker } from '../testing/whole-broker.ts'

async function sendAt(whole: WholeBroker, deliverMs: number): Promise<void> {
  const { code, remark } = await whole.send('T', { properties: `TIMER_DELIVER_MS\x01${deliverMs}\x02` })
  if (code !== 0) throw new Error(`${code} ${remark}`)
}

/** For each message delivered, by how much it was late, in ms; at most 32. */
async function lateness(whole: WholeBroker): Promise<number[]> {
  const found = messagesOf(await whole.pull('T', { sysFlag: 4 }))
  return found.map(({ storeTimestampMs, properties }) => storeTimestampMs - Number(properties.get('TIMER_DELIVER_MS')))
}

test('slots that are over are delivered one after another, not one a tick', async () => {
  const whole = await WholeBroker.start()
  for (let i = 0; i < 30; i++) await sendAt(whole, START_MS + 10_000 + i * 1000)
  await whole.advance(1_000)
  whole.crash('process')
  whole.clock.advance(60_000)
  await whole.startAgain()
  await whole.advance(200)
  expect(await lateness(whole)).toHaveLength(30)
})
