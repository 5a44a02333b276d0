import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MalformedBytesError } from '../../raft/wire/byte-reader.ts'
import { arbitraryLog } from '../testing/arbitrary-log.ts'
import type { BrokerGroup } from './broker-group.ts'
import type { Command } from './command.ts'
import { decodeCommand, encodeCommand } from './command-codec.ts'
import { ControllerState } from './controller-state.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-codec.ts'

function newState(): ControllerState {
  return new ControllerState(() => undefined)
}

function run(state: ControllerState, log: readonly Command[]): ControllerState {
  for (const [index, command] of log.entries()) state.apply(index + 1, encodeCommand(command))
  return state
}

describe('every controller comes to the same state', () => {
  test('from the log', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        expect(run(newState(), log).snapshot()).toEqual(run(newState(), log).snapshot())
      }),
    )
  })

  test('from a snapshot taken anywhere and the rest of the log, whatever it knew before', () => {
    fc.assert(
      fc.property(arbitraryLog, arbitraryLog, fc.nat(80), (log, other, at) => {
        const whole = run(newState(), log)
        const late = run(newState(), other)
        late.restore(run(newState(), log.slice(0, at)).snapshot())
        run(late, log.slice(at))
        expect(late.snapshot()).toEqual(whole.snapshot())
        expect([...late.groups].sort()).toEqual([...whole.groups].sort())
      }),
    )
  })
})

describe('what holds after every command', () => {
  test('a master is a replica and holds everything, ids are given out once, epochs only grow', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        const state = newState()
        for (const [index, command] of log.entries()) {
          const before = state.groups.get(command.brokerName)
          state.apply(index + 1, encodeCommand(command))
          const after = state.groups.get(command.brokerName)
          if (after) checkGroup(after)
          if (before && after) checkChange(before, after, command)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('one master per epoch', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        const seen = new Map<string, number | undefined>()
        const state = new ControllerState((brokerName, group) => {
          // Cleaned as a whole, a group starts from the beginning.
          if (!group) for (const key of [...seen.keys()]) if (key.startsWith(brokerName)) seen.delete(key)
          if (!group) return
          const key = `${brokerName} ${group.masterEpoch}`
          if (seen.has(key)) expect(group.masterBrokerId).toBe(seen.get(key))
          seen.set(key, group.masterBrokerId)
        })
        run(state, log)
      }),
      { numRuns: 500 },
    )
  })

  test('without enableElectUncleanMaster a master comes from the SyncStateSet, and it is alive', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        const state = newState()
        for (const [index, command] of log.entries()) {
          const before = state.groups.get(command.brokerName)
          const { change, group } = state.apply(index + 1, encodeCommand(command))
          if (change !== 'master elected' || command.kind !== 'electMaster' || command.isUncleanAllowed) continue
          const master = group!.masterBrokerId!
          if (before!.masterEpoch === 0) continue
          expect(before!.syncStateSet).toContain(master)
          expect(command.reports.find(({ brokerId }) => brokerId === master)?.life).toBe('alive')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('only the present master changes the SyncStateSet, and only one that knew its last change', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        const state = newState()
        for (const [index, command] of log.entries()) {
          const before = state.groups.get(command.brokerName)
          const { change } = state.apply(index + 1, encodeCommand(command))
          if (change === undefined || command.kind !== 'alterSyncStateSet') continue
          const { masterBrokerId, masterEpoch, syncStateSetEpoch, syncStateSet, gone } = command
          expect(before).toMatchObject({ masterBrokerId, masterEpoch, syncStateSetEpoch })
          expect(syncStateSet).toContain(masterBrokerId)
          expect(syncStateSet.filter((id) => gone.includes(id))).toEqual([])
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a command that comes twice changes nothing the second time', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        const state = run(newState(), log)
        const last = log.at(-1)!
        // A broker may start twice, and lose more each time; an election depends on what is known at its time.
        fc.pre(last.kind !== 'electMaster' && !(last.kind === 'registerBroker' && last.mayHaveLost))
        expect(state.apply(0, encodeCommand(last)).change).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })
})

function checkGroup(group: BrokerGroup): void {
  const ids = group.replicas.map(({ brokerId }) => brokerId)
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
  expect(ids.length).toBeGreaterThan(0)
  expect(group.nextBrokerId).toBeGreaterThan(Math.max(...ids))
  expect(ids).toEqual(expect.arrayContaining([...group.syncStateSet]))
  if (group.masterBrokerId !== undefined) expect(group.syncStateSet).toContain(group.masterBrokerId)
  // Somebody can always be elected once it is alive.
  expect(group.syncStateSet.length > 0).toBe(group.masterEpoch > 0)
}

function checkChange(before: BrokerGroup, after: BrokerGroup, command: Command): void {
  expect(after.cluster).toBe(before.cluster)
  expect(after.nextBrokerId).toBeGreaterThanOrEqual(before.nextBrokerId)
  if (after.masterBrokerId === before.masterBrokerId) expect(after.masterEpoch).toBe(before.masterEpoch)
  else expect(after.masterEpoch).toBe(nextEpoch(before, after, command))
  const isSameSet = String(after.syncStateSet) === String(before.syncStateSet)
  if (!isSameSet) expect(after.syncStateSetEpoch).toBe(before.syncStateSetEpoch + 1)
  expect(after.syncStateSetEpoch).toBeGreaterThanOrEqual(before.syncStateSetEpoch)
  for (const { brokerId, registerCheckCode } of before.replicas) {
    const same = after.replicas.find((replica) => replica.brokerId === brokerId)
    if (same) expect(same.registerCheckCode).toBe(registerCheckCode)
  }
}

/** A new master's is later than any that a broker has said it knows. */
function nextEpoch({ masterEpoch }: BrokerGroup, { masterBrokerId }: BrokerGroup, command: Command): number {
  const known = command.kind === 'electMaster' && masterBrokerId !== undefined ? command.reports : []
  return Math.max(masterEpoch, ...known.map(({ epoch }) => epoch)) + 1
}

describe('bytes', () => {
  test('a command is read back as it was', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        for (const command of log) expect(decodeCommand(encodeCommand(command))).toEqual(command)
      }),
    )
  })

  test('cut, lengthened or of another version, a command or a snapshot is refused', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.nat(), (log, at) => {
        const command = encodeCommand(log[0]!)
        expect(() => decodeCommand(command.subarray(0, at % command.length))).toThrow(MalformedBytesError)
        expect(() => decodeCommand(Buffer.concat([command, Buffer.alloc(1)]))).toThrow('1 bytes are left over')
        const snapshot = run(newState(), log).snapshot()
        expect(() => decodeSnapshot(snapshot.subarray(0, at % snapshot.length))).toThrow(MalformedBytesError)
      }),
    )
    expect(() => decodeCommand(Buffer.from([2, 1]))).toThrow(
      'command of version 2, this controller knows 1: upgrade it',
    )
    expect(() => decodeCommand(Buffer.from([1, 6]))).toThrow('command of kind 6, which this controller does not know')
    expect(() => decodeSnapshot(Buffer.from([2]))).toThrow('snapshot of version 2, this controller knows 1')
  })

  test('damaged bytes are refused or read as something else, never more than there is room for', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.nat(), fc.nat(255), ([command], at, byte) => {
        const bytes = encodeCommand(command!)
        bytes[at % bytes.length] = byte
        try {
          decodeCommand(bytes)
        } catch (error) {
          if (!(error instanceof MalformedBytesError || error instanceof RangeError)) throw error
        }
      }),
    )
  })

  test('a snapshot that cannot be read leaves the state as it was', () => {
    const state = newState()
    state.apply(
      1,
      encodeCommand({ kind: 'applyBrokerId', cluster: 'c', brokerName: 'a', brokerId: 1, registerCheckCode: 'h:1;1' }),
    )
    expect(() => state.restore(Buffer.from([1, 0, 0, 0, 9]))).toThrow(MalformedBytesError)
    expect([...state.groups.keys()]).toEqual(['a'])
  })

  test('the bytes of version 1, which lie on disks', () => {
    const elect = encodeCommand({
      kind: 'electMaster',
      brokerName: 'a',
      brokerId: undefined,
      isDesignated: false,
      isUncleanAllowed: true,
      reports: [{ brokerId: 2, life: 'alive', epoch: 3, maxOffset: 500, priority: 7 }],
    })
    expect(elect.toString('hex')).toBe(
      '01040000000161000000000000000000010000000100000000000000020100000003' + '00000000000001f500000007',
    )
    const alter = encodeCommand({
      kind: 'alterSyncStateSet',
      brokerName: 'a',
      masterBrokerId: 1,
      masterEpoch: 2,
      syncStateSetEpoch: 3,
      syncStateSet: [1, 2],
      gone: [],
    })
    expect(alter.toString('hex')).toBe(
      '01010000000161000000000000000100000002000000030000000200000000000000010000000000000002' + '00000000',
    )
    const state = run(newState(), [
      { kind: 'applyBrokerId', cluster: 'c', brokerName: 'a', brokerId: 1, registerCheckCode: 'h:1;1' },
      {
        kind: 'electMaster',
        brokerName: 'a',
        brokerId: 1,
        isDesignated: false,
        isUncleanAllowed: false,
        reports: [],
      },
    ])
    expect(Buffer.from(state.snapshot()).toString('hex')).toBe(
      '01000000010000000163000000016100000000000000020000000000000002000000010000000100000000000000010000000100000001' +
        '000000000000000100000003683a3100000005683a313b31',
    )
  })

  test('groups stand in a snapshot by their names, whatever order they came in', () => {
    const groups = run(newState(), [
      { kind: 'applyBrokerId', cluster: 'c', brokerName: 'b', brokerId: 1, registerCheckCode: 'h:1;1' },
      { kind: 'applyBrokerId', cluster: 'c', brokerName: 'a', brokerId: 1, registerCheckCode: 'h:1;1' },
    ]).groups
    const bytes = encodeSnapshot(groups.values())
    expect(bytes).toEqual(encodeSnapshot([...groups.values()].reverse()))
    expect(bytes.toString('latin1')).toMatch(/a.*b/s)
  })
})
