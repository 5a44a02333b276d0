import { expect, test } from 'vitest'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { type ControllerAckConfig, ControllerAckPolicy, type ReplicaAcks } from './controller-ack-policy.ts'
import type { PendingSends } from './pending-sends.ts'

/** Replicas that count, by what they hold; those missing hold what they held, and are not there. */
class PlayedReplicas implements ReplicaAcks {
  there: number[] = []
  missing: number[] = []
  isCutOff = false

  ackedBy(slaves: number): number {
    return slaves < 1 ? Number.MAX_SAFE_INTEGER : ([...this.there].sort((a, b) => b - a)[slaves - 1] ?? 0)
  }

  get ackedByAll(): number {
    return Math.min(Number.MAX_SAFE_INTEGER, ...this.there, ...this.missing)
  }

  inSyncSlaves(): number {
    return this.there.length
  }
}

function world(config: Partial<ControllerAckConfig> = {}) {
  const current: ControllerAckConfig = {
    flushDiskType: 'ASYNC_FLUSH',
    allAckInSyncStateSet: false,
    inSyncReplicas: 1,
    minInSyncReplicas: 1,
    ...config,
  }
  const replicas = new PlayedReplicas()
  const log = { writtenOffset: 0, flushedOffset: 0, flush: () => {} }
  const answered: [number, number][] = []
  const answerer = {
    answer: (sends: PendingSends, slot: number, code: number) => answered.push([sends.opaque[slot]!, code]),
    refuse: (_channel: Channel, opaque: number, _type: number, code: number) => answered.push([opaque, code]),
  }
  const limits = { max: 100, flushTimeoutMs: 5000, replicaTimeoutMs: 3000 }
  let nowMs = 0
  const acks = new Acknowledgements(
    new ControllerAckPolicy({ current }, replicas),
    log,
    answerer,
    limits,
    () => ++nowMs,
  )
  const channel = { isOpen: true } as Channel
  /** A message that ends at `end`, in a turn of its own. */
  const send = (end: number, waits = true) => {
    const ring = acks.ringFor(waits)
    ring.opaque[acks.add(ring, end, channel)] = end
    log.writtenOffset = end
    acks.endOfTurn()
  }
  return { replicas, log, answered, acks, send, pass: (ms: number) => (nowMs += ms) }
}

test('with allAckInSyncStateSet every replica that counts has to have a message, one that went included', () => {
  const { replicas, answered, acks, send } = world({ allAckInSyncStateSet: true })
  replicas.there = [100, 50]
  send(100)
  expect(answered).toEqual([])
  replicas.there = [100]
  replicas.missing = [50]
  acks.progressed()
  expect(answered).toEqual([])
  replicas.missing = []
  acks.progressed()
  expect(answered).toEqual([[100, ResponseCode.SUCCESS]])
  // Alone it is all there is.
  replicas.there = []
  send(200)
  expect(answered.at(-1)).toEqual([200, ResponseCode.SUCCESS])
})

test('without it inSyncReplicas copies are enough, and the first of them is this broker itself', () => {
  const { replicas, answered, acks, send } = world({ inSyncReplicas: 2 })
  replicas.there = [80, 100]
  send(100)
  expect(answered).toEqual([[100, ResponseCode.SUCCESS]])
  replicas.there = []
  send(200)
  expect(answered.length).toBe(1)
  replicas.there = [200]
  acks.progressed()
  expect(answered.at(-1)).toEqual([200, ResponseCode.SUCCESS])
  const alone = world()
  alone.send(100)
  expect(alone.answered).toEqual([[100, ResponseCode.SUCCESS]])
})

test('cut off from the controllers every replica that counts has to have a message', () => {
  const { replicas, answered, acks, send } = world()
  replicas.there = [0]
  replicas.isCutOff = true
  send(100)
  expect(answered).toEqual([])
  replicas.isCutOff = false
  acks.progressed()
  expect(answered).toEqual([[100, ResponseCode.SUCCESS]])
})

test('below minInSyncReplicas nothing that waits is taken, and what was taken waits for so many copies', () => {
  const { replicas, answered, acks, send } = world({ allAckInSyncStateSet: true, minInSyncReplicas: 2 })
  expect(() => acks.check(true)).toThrow('in-sync replicas not enough')
  expect(() => acks.check(false)).not.toThrow()
  replicas.there = [0]
  acks.check(true)
  send(100)
  // The other replica is gone for good: the set is this broker alone, but one copy was not what was asked for.
  replicas.there = []
  acks.progressed()
  expect(answered).toEqual([])
  send(150, false)
  expect(answered).toEqual([[150, ResponseCode.SUCCESS]])
})

test('a wait that is too long is answered FLUSH_SLAVE_TIMEOUT; SYNC_FLUSH waits for the disk as well', () => {
  const { log, answered, acks, send, pass, replicas } = world({
    flushDiskType: 'SYNC_FLUSH',
    allAckInSyncStateSet: true,
  })
  replicas.there = [100]
  send(100)
  expect(answered).toEqual([])
  log.flushedOffset = 100
  acks.progressed()
  expect(answered).toEqual([[100, ResponseCode.SUCCESS]])
  send(200)
  log.flushedOffset = 200
  pass(3001)
  acks.expire()
  expect(answered.at(-1)).toEqual([200, ResponseCode.FLUSH_SLAVE_TIMEOUT])
})

test('who still waits when another broker becomes master is told that nobody knows', () => {
  const { answered, acks, send, replicas } = world({ allAckInSyncStateSet: true })
  replicas.there = [100]
  send(150)
  send(200)
  acks.failWaiting(ResponseCode.SERVICE_NOT_AVAILABLE, 'this broker is not the master any more')
  expect(answered).toEqual([
    [200, ResponseCode.SERVICE_NOT_AVAILABLE],
    [150, ResponseCode.SERVICE_NOT_AVAILABLE],
  ])
  expect(acks.count).toBe(0)
})
