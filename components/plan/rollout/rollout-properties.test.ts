import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Plan } from '../plan.ts'
import { groupsOf } from './advance-plan.ts'
import { planRollout } from './plan-rollout.ts'
import { originalId, type RolloutStep } from './rollout.ts'
import { arbitraryChange, arbitraryTurn } from './testing/arbitrary-change.ts'
import { ClusterModel } from './testing/cluster-model.ts'

/** Losses that arbitrary configs often come with, and that are no matter of order. */
const allow = ['nameServerAddresses', 'queues:orders', 'queues:payments']
const runs = { numRuns: 100 }

/** What the nodes of a plan come to, in whatever order they stand there. */
const essence = ({ nodes }: Plan) =>
  Object.fromEntries(
    nodes.map(({ id, confFile, address, port, dataDir, engine }) => [id, { confFile, address, port, dataDir, engine }]),
  )

/** Carries the steps out: nothing is broken on the way or left open, and the cluster is as wanted then. */
const expectReached = (model: ClusterModel, steps: readonly RolloutStep[], wanted: Plan): void => {
  model.run(steps)
  expect(model.problems).toEqual([])
  expect(model.unforgotten).toEqual([])
  expect(essence(model.plan)).toEqual(essence(wanted))
}

it('a plan that is reached needs no steps', () => {
  fc.assert(
    fc.property(arbitraryChange, ({ running: plan }) => {
      expect(planRollout({ running: plan, wanted: plan })).toEqual({ steps: [], refusals: [], notes: [] })
    }),
    runs,
  )
})

it('whatever two configs: every prefix keeps the cluster serving, and the end is what was wanted', () => {
  let refused = 0
  let done = 0
  fc.assert(
    fc.property(arbitraryChange, ({ running, wanted }) => {
      const { steps, refusals } = planRollout({ running, wanted, allow })
      if (refusals.length > 0) {
        refused++
        expect(steps).toEqual([])
        return
      }
      done++
      const model = new ClusterModel(running, wanted)
      expectReached(model, steps, wanted)
      expect([...model.paused]).toEqual([])
      expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length)
      expect(planRollout({ running: model.plan, wanted, observed: model.observed(), allow }).steps).toEqual([])
    }),
    runs,
  )
  // Most changes have a plan: the property would say little otherwise.
  expect(done).toBeGreaterThan(refused)
})

it('planning again after any prefix goes on to the same end', () => {
  fc.assert(
    fc.property(arbitraryChange, fc.nat(), ({ running, wanted }, cut) => {
      const { steps, refusals } = planRollout({ running, wanted, allow })
      if (refusals.length > 0) return
      const model = new ClusterModel(running, wanted)
      model.run(steps, cut % (steps.length + 1))
      const again = planRollout({ running: model.plan, wanted, observed: model.observed(), allow })
      expect(again.refusals).toEqual([])
      expectReached(model, again.steps, wanted)
      expect([...model.paused]).toEqual([])
    }),
    runs,
  )
})

it('a config that goes back half-way is carried out as well, or refused', () => {
  fc.assert(
    fc.property(arbitraryChange, fc.nat(), ({ running, wanted }, cut) => {
      const { steps } = planRollout({ running, wanted, allow })
      const there = new ClusterModel(running, wanted)
      there.run(steps, cut % (steps.length + 1))
      const back = planRollout({ running: there.plan, wanted: running, observed: there.observed(), allow })
      if (back.refusals.length > 0) return
      const model = there.turnedTo(running)
      expectReached(model, back.steps, running)
      expect(model.plan.nodes.filter(({ id }) => id !== originalId(id))).toEqual([])
    }),
    runs,
  )
})

it('a config that goes back half-way, and forward again before it is there, is carried out as well, or refused', () => {
  fc.assert(
    fc.property(arbitraryChange, fc.nat(), fc.nat(), ({ running, wanted }, cut, turn) => {
      const { steps } = planRollout({ running, wanted, allow })
      const there = new ClusterModel(running, wanted)
      there.run(steps, cut % (steps.length + 1))
      const back = planRollout({ running: there.plan, wanted: running, observed: there.observed(), allow })
      if (back.refusals.length > 0) return
      const half = there.turnedTo(running)
      half.run(back.steps, turn % (back.steps.length + 1))
      const forward = planRollout({ running: half.plan, wanted, observed: half.observed(), allow })
      if (forward.refusals.length > 0) return
      const model = half.turnedTo(wanted)
      expectReached(model, forward.steps, wanted)
    }),
    runs,
  )
})

it('something else that is wanted half-way is carried out as well, or refused', () => {
  fc.assert(
    fc.property(arbitraryTurn, fc.nat(), ({ running, wanted, instead }, cut) => {
      const { steps } = planRollout({ running, wanted, allow })
      const there = new ClusterModel(running, wanted)
      there.run(steps, cut % (steps.length + 1))
      const turn = planRollout({ running: there.plan, wanted: instead, observed: there.observed(), allow })
      if (turn.refusals.length > 0) return
      const model = there.turnedTo(instead)
      expectReached(model, turn.steps, instead)
      expect([...model.paused].filter((group) => groupsOf(instead).has(group))).toEqual([])
    }),
    runs,
  )
})
