import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { Needs, PendingSends, type SendAnswerer } from './pending-sends.ts'

const LIMITS = { max: 1 << 20, flushTimeoutMs: 50, replicaTimeoutMs: 30 }
const OPEN = { isOpen: true } as Channel

class Recorder implements SendAnswerer {
  readonly answers: { opaque: number; code: number }[] = []

  answer(sends: PendingSends, slot: number, code: number): void {
    this.answers.push({ opaque: sends.opaque[slot]!, code })
  }

  refuse(_channel: Channel, opaque: number, _type: number, code: number): void {
    this.answers.push({ opaque, code })
  }
}

/** The rules, entry by entry and without any cleverness. */
class Model {
  readonly answers: { opaque: number; code: number }[] = []
  #entries: { opaque: number; end: number; needs: number; code: number; added: number }[] = []

  add(opaque: number, end: number, needs: number, code: number, added: number): void {
    this.#entries.push({ opaque, end, needs, code, added })
  }

  release(written: number, flushed: number, replicated: number): void {
    while (this.#entries.length > 0) {
      const { end, needs, opaque, code } = this.#entries[0]!
      if (end > written) return
      if ((needs & Needs.flushed) !== 0 && end > flushed) return
      if ((needs & Needs.replicated) !== 0 && end > replicated) return
      this.answers.push({ opaque, code })
      this.#entries.shift()
    }
  }

  expire(written: number, flushed: number, replicated: number, now: number): void {
    this.#entries = this.#entries.filter((entry) => {
      if (entry.end <= flushed) entry.needs &= ~Needs.flushed
      if (entry.end <= replicated) entry.needs &= ~Needs.replicated
      const waited = now - entry.added
      if ((entry.needs & Needs.flushed) !== 0 && waited >= LIMITS.flushTimeoutMs) {
        entry.needs &= ~Needs.flushed
        if (entry.code === ResponseCode.SUCCESS) entry.code = ResponseCode.FLUSH_DISK_TIMEOUT
      }
      if ((entry.needs & Needs.replicated) !== 0 && waited >= LIMITS.replicaTimeoutMs) {
        entry.needs &= ~Needs.replicated
        entry.code = ResponseCode.FLUSH_SLAVE_TIMEOUT
      }
      if (entry.end > written || entry.needs !== 0) return true
      this.answers.push({ opaque: entry.opaque, code: entry.code })
      return false
    })
    this.release(written, flushed, replicated)
  }

  fail(written: number, code: number): void {
    while (this.#entries.length > 0 && this.#entries.at(-1)!.end > written) {
      this.answers.push({ opaque: this.#entries.pop()!.opaque, code })
    }
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 90 }), needs: fc.nat(3) }),
  fc.record({ kind: fc.constant('write' as const) }),
  fc.record({ kind: fc.constant('flush' as const), back: fc.nat(40) }),
  fc.record({ kind: fc.constant('replicate' as const), back: fc.nat(40) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(40) }),
  fc.record({ kind: fc.constant('fail' as const) }),
)

test('every send is answered exactly once with the right code, whatever the order of writes, flushes, slaves and time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ring = new PendingSends(LIMITS)
      const real = new Recorder()
      const model = new Model()
      let [opaque, end, written, flushed, replicated, now] = [0, 0, 0, 0, 0, 0]
      const add = (needs: number) => {
        end += 1
        const code = (needs & Needs.replicated) === 0 && opaque % 7 === 0 ? ResponseCode.SLAVE_NOT_AVAILABLE : 0
        const slot = ring.add(end, needs, code, now, OPEN)
        ring.opaque[slot] = opaque
        model.add(opaque++, end, needs, code, now)
      }
      for (const one of steps) {
        if (one.kind === 'add') for (let i = 0; i < one.count; i++) add(one.needs)
        else if (one.kind === 'write') written = end
        else if (one.kind === 'flush') flushed = Math.max(flushed, written - one.back)
        else if (one.kind === 'replicate') replicated = Math.max(replicated, written - one.back)
        else if (one.kind === 'wait') {
          now += one.ms
          ring.expire(written, flushed, replicated, now, real)
          model.expire(written, flushed, replicated, now)
        } else {
          ring.fail(written, ResponseCode.SERVICE_NOT_AVAILABLE, 'disk full', real)
          model.fail(written, ResponseCode.SERVICE_NOT_AVAILABLE)
          end = written
        }
        ring.release(written, flushed, replicated, real)
        model.release(written, flushed, replicated)
        expect(real.answers).toEqual(model.answers)
      }
      now += 1000
      written = end
      ring.expire(written, flushed, replicated, now, real)
      expect(ring.count).toBe(0)
      expect(new Set(real.answers.map((answer) => answer.opaque)).size).toBe(opaque)
      expect(real.answers.length).toBe(opaque)
    }),
    { numRuns: 300 },
  )
})

test('senders that have gone are not answered, and late answers get their code', () => {
  const ring = new PendingSends(LIMITS)
  const real = new Recorder()
  const codes: [number, string | undefined][] = []
  const late = { complete: (code: number, remark: string | undefined) => codes.push([code, remark]) }
  ring.add(10, 0, 0, 0, { isOpen: false } as Channel)
  ring.addLate(20, Needs.flushed, 0, 0, late)
  ring.addLate(30, Needs.flushed, 0, 0, late)
  ring.release(20, 20, 0, real)
  ring.fail(20, ResponseCode.SERVICE_NOT_AVAILABLE, 'no space left', real)
  expect(real.answers).toEqual([])
  expect(codes).toEqual([
    [ResponseCode.SUCCESS, undefined],
    [ResponseCode.SERVICE_NOT_AVAILABLE, 'no space left'],
  ])
  expect(ring.count).toBe(0)
})

test('the limit is a limit', () => {
  const ring = new PendingSends({ ...LIMITS, max: 300 })
  for (let i = 0; i < 300; i++) ring.add(i + 1, Needs.flushed, 0, 0, OPEN)
  expect(ring.isFull).toBe(true)
  expect(() => ring.add(301, Needs.flushed, 0, 0, OPEN)).toThrow('callers look at isFull first')
  ring.release(300, 1, 0, new Recorder())
  expect(ring.isFull).toBe(false)
})
