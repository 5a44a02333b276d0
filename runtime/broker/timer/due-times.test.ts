import { expect, test } from 'vitest'
import { messagesOf, START_MS, WholeBroker } from '../testing/whole-broker.ts'

/** Messages due together within so many ms are delivered together. */
const LATE_MAX_MS = 5

async function sendAt(whole: WholeBroker, deliverMs: number): Promise<void> {
  const { code, remark } = await whole.send('T', { properties: `TIMER_DELIVER_MS\x01${deliverMs}\x02` })
  if (code !== 0) throw new Error(`${code} ${remark}`)
}

/** Time passes a millisecond at a time: what is late is so by the broker's own doing. */
async function passUntil(whole: WholeBroker, endMs: number): Promise<void> {
  while (whole.clock.now() < endMs) await whole.advance(1)
}

/** For each message delivered, by how much it was late, in ms; at most 32. */
async function lateness(whole: WholeBroker): Promise<number[]> {
  const found = messagesOf(await whole.pull('T', { sysFlag: 4 }))
  return found.map(({ storeTimestampMs, properties }) => storeTimestampMs - Number(properties.get('TIMER_DELIVER_MS')))
}

test.each([1000, 100, 20])(
  'with slots of %i ms no message is late, wherever in its slot it is due and whenever the broker ticks',
  async (precisionMs) => {
    const whole = await WholeBroker.start(`timerPrecisionMs=${precisionMs}\n`)
    // A broker's ticks begin at any moment: not with the slots.
    await whole.advance(93)
    await whole.restart()
    const due = Array.from({ length: 30 }, (_, i) => START_MS + 3000 + i * 37)
    for (const deliverMs of due) await sendAt(whole, deliverMs)
    await whole.advance(2_900)
    await passUntil(whole, due.at(-1)! + 100)
    const late = await lateness(whole)
    expect(late).toHaveLength(due.length)
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...late)).toBeLessThanOrEqual(LATE_MAX_MS)
  },
)

test('a slot without messages before it makes the first of the next slot no later', async () => {
  const whole = await WholeBroker.start()
  await whole.advance(93)
  await whole.restart()
  await sendAt(whole, START_MS + 5_010)
  await whole.advance(4_850)
  await passUntil(whole, START_MS + 5_100)
  expect(await lateness(whole)).toEqual([0])
})

test('a message that comes while a later one is awaited is not late', async () => {
  const whole = await WholeBroker.start()
  await sendAt(whole, START_MS + 2_099)
  await sendAt(whole, START_MS + 2_198)
  await whole.advance(2_000)
  // The first is delivered between two ticks, and the second is awaited from then on.
  await passUntil(whole, START_MS + 2_099)
  await sendAt(whole, START_MS + 2_150)
  await passUntil(whole, START_MS + 2_300)
  expect(await lateness(whole)).toEqual([0, 0, 0])
})

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
