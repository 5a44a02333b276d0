import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeElectMasterBody, encodeElectMasterBody } from './elect-master-body.ts'
import { decodeReplicasInfo, encodeReplicasInfo } from './replicas-info.ts'
import { decodeSyncStateSet, encodeSyncStateSet } from './sync-state-set.ts'

/** Answers of a real Apache controller: runtime/controller/golden/README.md. */
const GOLDEN = new URL('../../controller/golden/exchanges.jsonl', import.meta.url)

const bodies = new Map<number, string[]>()
for (const line of readFileSync(GOLDEN, 'utf8').trim().split('\n')) {
  const { code, answer } = JSON.parse(line) as { code?: number; answer?: { body?: string } }
  if (code !== undefined && answer?.body !== undefined) bodies.set(code, [...(bodies.get(code) ?? []), answer.body])
}

test.each([
  [1001, 3, (body: Buffer) => encodeSyncStateSet(decodeSyncStateSet(body))],
  [1002, 5, (body: Buffer) => encodeElectMasterBody(decodeElectMasterBody(body))],
  [1003, 4, (body: Buffer) => encodeSyncStateSet(decodeSyncStateSet(body))],
  [1004, 3, (body: Buffer) => encodeSyncStateSet(decodeSyncStateSet(body))],
  [1006, 6, (body: Buffer) => encodeReplicasInfo(decodeReplicasInfo(body))],
] as const)(
  'the bodies of code %i are read, and written as the official controller writes them',
  (code, count, copy) => {
    const recorded = bodies.get(code) ?? []
    expect(recorded.length).toBeGreaterThanOrEqual(count)
    // Ids as keys stand in quotes: see encodeElectMasterBody.
    for (const body of recorded) {
      expect(copy(Buffer.from(body)).toString()).toBe(body.replaceAll(/(?<=[{,])\d+(?=:)/g, '"$&"'))
    }
  },
)

test('ids are a set: each once, ascending, whatever the order they come in', () => {
  expect(decodeSyncStateSet(Buffer.from('{"syncStateSet":[3,1,"2",3]}'))).toEqual({
    syncStateSet: [1, 2, 3],
    syncStateSetEpoch: 0,
  })
  expect(() => decodeSyncStateSet(Buffer.from('{"syncStateSet":["x"]}'))).toThrow('syncStateSet is "x"')
})
