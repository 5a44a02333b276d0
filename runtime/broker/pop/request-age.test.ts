import { expect, test } from 'vitest'
import { RequestAges } from './request-age.ts'

test('a request is as old as it is later than the others of its connection, whatever the clock of the client says', () => {
  const ages = new RequestAges()
  const [fast, slow] = [{}, {}]
  expect([ages.of(fast, 1_000, 61_000), ages.of(slow, 99_000, 61_000)]).toEqual([0, 0])
  expect([ages.of(fast, 1_100, 61_120), ages.of(slow, 99_100, 61_080)]).toEqual([20, 0])
  // It has waited for long; the next one has not.
  expect([ages.of(fast, 1_200, 81_200), ages.of(fast, 21_200, 81_210)]).toEqual([20_000, 10])
})

test('after a clock was set one request seems old, and no other', () => {
  const ages = new RequestAges()
  const client = {}
  ages.of(client, 10_000, 10_000)
  expect([ages.of(client, 5_100, 10_100), ages.of(client, 5_200, 10_205), ages.of(client, 5_300, 10_310)]).toEqual([
    5_000, 0, 5,
  ])
  expect([ages.of(client, 15_400, 10_400), ages.of(client, 15_500, 10_500)]).toEqual([0, 0])
})
