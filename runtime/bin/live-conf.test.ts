import { expect, it } from 'vitest'
import { confTextOf, liveConf } from './live-conf.ts'

const given = 'brokerName=a\nfileReservedTime=72\n'
const live = 'brokerName=a\nfileReservedTime=24\n'

it('counts for the container it was made for', () => {
  expect(confTextOf(given, liveConf(given, live))).toBe(live)
  expect(confTextOf(given, liveConf(given, ''))).toBe('')
})

it('counts no more when the container has another text, or when it is torn, changed or not there', () => {
  const file = liveConf(given, live)
  const other = given.replace('72', '48')
  expect(confTextOf(other, file)).toBe(other)
  for (let bytes = 0; bytes < file.length; bytes++) expect(confTextOf(given, file.slice(0, bytes))).toBe(given)
  expect(confTextOf(given, `${file}x`)).toBe(given)
  expect(confTextOf(given, undefined)).toBe(given)
})
