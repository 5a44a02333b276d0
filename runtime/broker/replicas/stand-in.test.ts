import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { StandIn } from './stand-in.ts'

let clock: ManualClock
/** What name servers were told, one for each time. */
let told: string[]
let standIn: StandIn

const claimed = (): string => {
  const { claim } = standIn
  return claim === undefined ? 'own id' : `master's id at ${claim.stateVersion ?? 'its version'}`
}

beforeEach(() => {
  clock = new ManualClock(1000)
  told = []
  standIn = new StandIn(clock, async () => void told.push(claimed()))
})

test('it claims the id of the master with a version above its term, and gives it back without a gap', async () => {
  expect(standIn.isOn).toBe(false)
  await standIn.begin(3, 30_000)
  expect([told, standIn.isOn, standIn.isSilent]).toEqual([["master's id at 4"], true, false])
  clock.advance(30_000)
  expect([told[1], standIn.isOn, standIn.isSilent]).toEqual(["master's id at its version", true, true])
  clock.advance(60_000)
  expect(told.length).toBe(2)
  clock.advance(5_000)
  expect([told[2], told.length, standIn.isOn]).toEqual(['own id', 3, false])
})

test('asked again it goes on without a word to the name servers; asked for no time it is over', async () => {
  await standIn.begin(3, 30_000)
  for (let i = 0; i < 10; i++) {
    clock.advance(10_000)
    await standIn.begin(3, 30_000)
  }
  expect(told.length).toBe(1)
  await standIn.begin(3, 0)
  expect([told.length, standIn.isSilent]).toEqual([2, true])
  await standIn.begin(3, 0)
  expect(told.length).toBe(2)
  await standIn.begin(3, 30_000)
  expect([told.length, standIn.isSilent, claimed()]).toEqual([3, false, "master's id at 4"])
})

test('another term is another claim, and nobody claims for hours', async () => {
  await standIn.begin(3, 86_400_000)
  await standIn.begin(5, 86_400_000)
  expect(told).toEqual(["master's id at 4", "master's id at 6"])
  clock.advance(120_000)
  expect(standIn.isSilent).toBe(true)
})

test('it ends with the role, whose change is told by whoever makes it', async () => {
  await standIn.begin(3, 30_000)
  standIn.end()
  clock.advance(200_000)
  expect([told.length, claimed(), standIn.isOn]).toEqual([1, 'own id', false])
  await standIn.begin(3, 0)
  expect(told.length).toBe(1)
})
