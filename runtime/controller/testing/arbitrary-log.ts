import fc from 'fast-check'
import type { Command } from '../state/command.ts'
import { encodeCommand } from '../state/command-codec.ts'
import { ControllerState } from '../state/controller-state.ts'
import type { ReplicaReport } from '../state/replica-report.ts'

/*
 * Logs of commands about two groups with up to four brokers. Most are made for the state they meet: the next id, the
 * epochs of the present master; the others are about what was or never is.
 */

const brokerName = fc.constantFrom('a', 'a', 'b')
const cluster = fc.constantFrom('c', 'c', 'c', 'c', 'c', 'd')
const brokerId = fc.integer({ min: 1, max: 4 })
const ids = fc.uniqueArray(brokerId, { maxLength: 4 }).map((some) => some.sort((a, b) => a - b))
/** How far beside the present value. */
const beside = fc.constantFrom(0, 0, 0, 0, 0, 0, -1, 1)

const report = (id: number): fc.Arbitrary<ReplicaReport> =>
  fc.record({
    brokerId: fc.constant(id),
    life: fc.constantFrom('alive' as const, 'alive' as const, 'gone' as const, 'unheard' as const),
    epoch: fc.integer({ min: -1, max: 3 }),
    maxOffset: fc.integer({ min: -1, max: 3 }),
    priority: fc.integer({ min: 1, max: 3 }),
  })

const apply = fc.record({
  kind: fc.constant('applyBrokerId' as const),
  cluster,
  brokerName,
  /** Beside the id that is next. */
  brokerId: beside,
  registerCheckCode: fc.constantFrom('h:1;1', 'h:2;2', 'h:3;3'),
})
const register = fc.record({
  kind: fc.constant('registerBroker' as const),
  cluster,
  brokerName,
  brokerId,
  address: fc.constantFrom('h:1', 'h:2'),
  mayHaveLost: fc.boolean(),
  isMasterThere: fc.boolean(),
})
const elect = fc.record({
  kind: fc.constant('electMaster' as const),
  brokerName,
  brokerId: fc.option(brokerId, { nil: undefined }),
  isDesignated: fc.constantFrom(true, false, false),
  isUncleanAllowed: fc.constantFrom(true, false, false),
  reports: fc.tuple(report(1), report(2), report(3), report(4)),
})
const alter = fc.record({
  kind: fc.constant('alterSyncStateSet' as const),
  brokerName,
  /** These three beside the present ones. */
  masterBrokerId: beside,
  masterEpoch: beside,
  syncStateSetEpoch: beside,
  syncStateSet: ids,
  gone: fc.oneof(fc.constant([]), ids),
})
const clean = fc.record({
  kind: fc.constant('cleanBrokerData' as const),
  brokerName,
  brokerIds: fc.oneof(
    { weight: 6, arbitrary: ids.filter((some) => some.length > 0) },
    { weight: 1, arbitrary: fc.constant([]) },
  ),
  evenLiving: fc.boolean(),
  there: ids,
})

const intent = fc.oneof(
  { weight: 4, arbitrary: apply },
  { weight: 3, arbitrary: register },
  { weight: 6, arbitrary: elect },
  { weight: 6, arbitrary: alter },
  { weight: 1, arbitrary: clean },
)

function meant(state: ControllerState, command: Command): Command {
  const group = state.groups.get(command.brokerName)
  if (command.kind === 'applyBrokerId') {
    return { ...command, brokerId: (group?.nextBrokerId ?? 1) + command.brokerId }
  }
  if (command.kind !== 'alterSyncStateSet') return command
  return {
    ...command,
    masterBrokerId: (group?.masterBrokerId ?? 1) + command.masterBrokerId,
    masterEpoch: (group?.masterEpoch ?? 0) + command.masterEpoch,
    syncStateSetEpoch: (group?.syncStateSetEpoch ?? 0) + command.syncStateSetEpoch,
  }
}

export const arbitraryLog: fc.Arbitrary<Command[]> = fc
  .array(intent, { minLength: 1, maxLength: 80, size: 'max' })
  .map((intents) => {
    const state = new ControllerState(() => undefined)
    return intents.map((each) => {
      const command = meant(state, each)
      state.apply(0, encodeCommand(command))
      return command
    })
  })
