import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { encodeSyncStateSet } from '../../codec/controller/sync-state-set.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { responseCommand } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { silentLogger } from '../../observe/logger.ts'
import type { GroupRole } from './role-answers.ts'
import { SyncStateSetWishes } from './sync-state-set-wishes.ts'

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

test('the same refusal every second is told once, until a wish comes true', async () => {
  const role: GroupRole = {
    masterBrokerId: 1,
    masterAddress: '10.0.0.1:10911',
    masterEpoch: 4,
    syncStateSet: [1],
    syncStateSetEpoch: 2,
  }
  const told: unknown[] = []
  let refusal: string | undefined = 'replica 2 is not alive'
  const wishes = new SyncStateSetWishes({
    clock: new ManualClock(),
    logger: { ...silentLogger, warn: (facts) => told.push((facts as { problem: string }).problem) },
    role: () => role,
    alter: async () => {
      if (refusal !== undefined) throw new Error(refusal)
      const body = encodeSyncStateSet({ syncStateSet: [1, 2], syncStateSetEpoch: 3 })
      return responseCommand({ code: ResponseCode.SUCCESS, body }, 1, SerializeType.JSON)
    },
    agreed: () => {},
    refused: () => {},
    refresh: () => {},
  })
  const wish = async (): Promise<void> => {
    wishes.want(new Set([1, 2]), 2)
    await settle()
  }
  for (let second = 0; second < 3; second++) await wish()
  refusal = 'replica 2 is not registered'
  for (let second = 0; second < 3; second++) await wish()
  refusal = undefined
  await wish()
  refusal = 'replica 2 is not alive'
  await wish()
  expect(told).toEqual(['replica 2 is not alive', 'replica 2 is not registered', 'replica 2 is not alive'])
})
