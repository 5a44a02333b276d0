import { expect, test } from 'vitest'
import { COLD_GROUPS_MAX, ColdAccounts, type ColdSettings } from './cold-accounts.ts'

const SETTINGS: ColdSettings = {
  coldDataFlowControlEnable: true,
  cgColdReadThreshold: 100,
  globalColdReadThreshold: 1000,
  coldCtrStrategyEnable: false,
  usePIDColdCtrStrategy: false,
}

const accountsWith = (settings: Partial<ColdSettings> = {}) =>
  new ColdAccounts({ current: { ...SETTINGS, ...settings } })
const tables = (accounts: ColdAccounts) => accounts.describe() as Record<string, Record<string, unknown>>

test('a group has its limit, another one may have its own, and the next round begins anew', () => {
  const accounts = accountsWith()
  accounts.read('g', 99, 1000)
  expect(accounts.isOver('g')).toBe(false)
  accounts.read('g', 1, 1000)
  expect([accounts.isOver('g'), accounts.isOver('other')]).toEqual([true, false])
  accounts.setLimit('g', 101)
  expect(accounts.isOver('g')).toBe(false)
  accounts.removeLimit('g')
  expect(accounts.isOver('g')).toBe(true)
  accounts.endRound(2000)
  expect(accounts.isOver('g')).toBe(false)
})

test('beyond what all together may read, each group that has read anything waits', () => {
  const accounts = accountsWith({ globalColdReadThreshold: 150 })
  accounts.read('a', 75, 0)
  accounts.read('b', 75, 0)
  expect(['a', 'b', 'c'].map((group) => accounts.isOver(group))).toEqual([true, true, false])
})

test('with the control off nobody is over anything', () => {
  const accounts = accountsWith({ coldDataFlowControlEnable: false })
  accounts.read('g', 1e9, 0)
  expect(accounts.isOver('g')).toBe(false)
})

test('a group that reads nothing cold for a minute is forgotten, as all are when the control ends', () => {
  const accounts = accountsWith()
  accounts.read('g', 1, 1000)
  accounts.endRound(60_999)
  expect(tables(accounts)['runtimeTable']).toEqual({
    g: { coldAcc: 0, createTimeMills: 1000, lastColdReadTimeMills: 1000 },
  })
  accounts.endRound(61_000)
  expect(tables(accounts)['runtimeTable']).toEqual({})
  accounts.read('g', 200, 0)
  accounts.setLimit('h', 5)
  accounts.forget()
  expect(accounts.isOver('g')).toBe(false)
  expect(JSON.stringify(accounts.describe())).toBe(
    '{"runtimeTable":{},"configTable":{"h":5},"cgColdReadThreshold":100,"globalColdReadThreshold":1000,"globalAcc":0}',
  )
})

test('so many groups have accounts and limits, and no more', () => {
  const accounts = accountsWith()
  for (let i = 0; i <= COLD_GROUPS_MAX; i++) accounts.read(`g${i}`, 100, 0)
  expect(accounts.isOver(`g${COLD_GROUPS_MAX}`)).toBe(false)
  for (let i = 0; i < COLD_GROUPS_MAX; i++) expect(accounts.setLimit(`g${i}`, 1)).toBe(true)
  expect([accounts.setLimit('one more', 1), accounts.setLimit('g0', 2)]).toEqual([false, true])
})

test('the simple strategy: limits grow for who needs it, shrink while all read too much, and never below the common one', () => {
  const accounts = accountsWith({ coldCtrStrategyEnable: true })
  accounts.read('g', 100, 0)
  accounts.endRound(0)
  accounts.read('g', 150, 0)
  accounts.endRound(0)
  expect(tables(accounts)['configTable']).toEqual({ 'g||adaptive': 225 })
  accounts.read('g', 200, 0)
  expect(accounts.isOver('g')).toBe(false)
  for (const expected of [180, 144, 115, 100, 100]) {
    accounts.read('other', 1001, 0)
    accounts.endRound(0)
    expect(tables(accounts)['configTable']).toEqual({ 'g||adaptive': expected })
  }
})

test('limits set by an administrator are left alone, and what was adapted goes with the strategy', () => {
  const settings = { current: { ...SETTINGS, coldCtrStrategyEnable: true } }
  const accounts = new ColdAccounts(settings)
  accounts.setLimit('g', 50)
  for (const group of ['g', 'h']) accounts.read(group, 100, 0)
  accounts.endRound(0)
  expect(tables(accounts)['configTable']).toEqual({ g: 50, 'h||adaptive': 150 })
  settings.current = { ...settings.current, coldCtrStrategyEnable: false }
  accounts.endRound(0)
  expect(tables(accounts)['configTable']).toEqual({ g: 50 })
})

test('the PID strategy changes nothing in the first rounds, then aims at 80 % of what all may read', () => {
  const accounts = accountsWith({ coldCtrStrategyEnable: true, usePIDColdCtrStrategy: true })
  const round = (bytes: number) => {
    accounts.read('g', bytes, 0)
    accounts.endRound(0)
    return (tables(accounts)['configTable'] as Record<string, number>)['g||adaptive']
  }
  for (let i = 0; i < 9; i++) expect(round(100)).toBeUndefined()
  expect(round(100)).toBe(150)
  expect(round(150)).toBe(225)
  // All together read too much for some rounds before that outweighs the rounds before.
  const after = Array.from({ length: 10 }, () => round(1200))
  expect(after[0]).toBe(225)
  expect(after.at(-1)).toBe(100)
})
