import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LoopNetwork } from '../../test/sim/loop-network.ts'
import { ManualClock } from '../../test/sim/manual-clock.ts'
import type { Clock } from '../io/clock.ts'
import { EmbeddedController } from './embedded-controller.ts'

function setUp(start: (attempt: number, clock: Clock) => Promise<void>) {
  const clock = new ManualClock()
  const errors: string[] = []
  const seen = { attempts: 0, started: 0, stopped: 0 }
  const controller = new EmbeddedController({
    clock,
    network: new LoopNetwork(),
    logger: {
      debug() {},
      info() {},
      warn() {},
      error: (fields, message) => errors.push(`${message}: ${(fields as { err: Error }).err.message}`),
    },
    create: (own) => ({
      start: () => start(++seen.attempts, own),
      stop: () => {
        seen.stopped++
        return Promise.resolve()
      },
    }),
    onStarted: () => seen.started++,
  })
  return { clock, controller, errors, seen }
}

test('one that cannot start is tried again every five seconds; the log says why once', async () => {
  const { clock, controller, errors, seen } = setUp((attempt) =>
    attempt < 3 ? Promise.reject(new Error('port 9878 is in use')) : Promise.resolve(),
  )
  await controller.start()
  for (let i = 0; i < 4; i++) {
    clock.advance(5000)
    await setImmediate()
  }
  expect(seen).toEqual({ attempts: 3, started: 1, stopped: 0 })
  expect(errors).toEqual([
    'the controller cannot start; the name server goes on, the controller is tried again: port 9878 is in use',
  ])
})

test('one that breaks while it runs is started anew, walled off from what it left behind', async () => {
  const { clock, controller, errors, seen } = setUp((attempt, own) => {
    own.every(1000, () => {
      if (attempt === 1) throw new Error('a bug')
    })
    return Promise.resolve()
  })
  await controller.start()
  clock.advance(1000)
  clock.advance(5000)
  await setImmediate()
  clock.advance(20_000)
  expect(seen).toEqual({ attempts: 2, started: 2, stopped: 0 })
  expect(errors).toEqual(['the controller broke; the name server goes on, the controller is tried again: a bug'])
})

test('after a stop nothing is tried any more', async () => {
  const { clock, controller, seen } = setUp(() => Promise.reject(new Error('no disk')))
  await controller.start()
  await controller.stop()
  clock.advance(60_000)
  expect(seen).toEqual({ attempts: 1, started: 0, stopped: 0 })

  const running = setUp(() => Promise.resolve())
  await running.controller.start()
  await running.controller.stop()
  expect(running.seen).toEqual({ attempts: 1, started: 1, stopped: 1 })
})
