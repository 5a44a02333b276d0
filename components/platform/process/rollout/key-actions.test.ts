import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { encodeJson } from '../../../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../../runtime/codec/remoting/response-code.ts'
import type { BrokerNode } from '../../../plan/plan-node.ts'
import { brokerNode } from '../../../rollout/testing/broker-node.ts'
import { FakeCluster } from '../../../rollout/testing/fake-cluster.ts'
import { readKeyRing, withKeys, writeKeyRing } from '../secrets/key-ring.ts'
import { performOnKeys } from './key-actions.ts'

let dataDir = ''

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gantry-keys-'))
  mkdirSync(join(dataDir, 'security', 'tools'), { recursive: true })
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const plan = { security: { accessControl: { enforce: true } } }
const nodes = [0, 1, 2].map(brokerNode) as BrokerNode[]

/** Both generations are there. @returns the cluster, and what brokers know */
function guarded(inUse: number) {
  writeKeyRing(dataDir, { ...withKeys(withKeys(undefined, 1), 2), inUse })
  const known = new Map<string, object>()
  const cluster = new FakeCluster()
  for (const { address } of cluster.replicas) {
    const keyOf = (name: unknown): string => `${address} ${name}`
    cluster.answer(address, RequestCode.AUTH_GET_USER, ({ fields }) => {
      const user = known.get(keyOf(fields?.['username']))
      return { code: ResponseCode.SUCCESS, ...(user && { body: encodeJson(user as never) }) }
    })
    cluster.answer(address, RequestCode.AUTH_CREATE_USER, ({ fields, body }) => {
      const username = String(fields?.['username'])
      known.set(keyOf(username), { username, ...(JSON.parse(Buffer.from(body!).toString()) as object) })
      return { code: ResponseCode.SUCCESS }
    })
    cluster.answer(address, RequestCode.AUTH_DELETE_USER, ({ fields }) => {
      known.delete(keyOf(fields?.['username']))
      return { code: ResponseCode.SUCCESS }
    })
  }
  return { known, place: { dataDir, plan, cluster: cluster.live, timeoutMs: 500 } }
}

it('makes the users whose keys the file has, and forgets keys with the users that are dropped', async () => {
  const { known, place } = guarded(2)
  const action = { kind: 'makeKeys', generation: 1, nodes } as const
  await performOnKeys(action, place)
  expect(known.size).toBe(6)
  const { secretKey } = readKeyRing(dataDir)!.byGeneration.get(1)!.servers
  expect(known.get('broker-a-1:10911 gantry-servers')).toMatchObject({ password: secretKey, userType: 'Super' })
  await performOnKeys({ ...action, kind: 'dropKeys' }, place)
  expect(known.size).toBe(0)
  expect([...readKeyRing(dataDir)!.byGeneration.keys()]).toEqual([2])
  await performOnKeys({ ...action, kind: 'dropKeys' }, place)
})

it('does not go over to keys that brokers have not taken, and drops none that it signs with', async () => {
  const { known, place } = guarded(1)
  const before = readKeyRing(dataDir)
  // The one that asks in the new name finds nobody at these addresses.
  const nowhere = nodes.map((node) => ({ ...node, address: '127.0.0.1', port: 1 }))
  const cluster = { ...place.cluster, nameServers: ['127.0.0.1:1'], controllers: [] }
  await expect(
    performOnKeys({ kind: 'adoptKeys', generation: 2, nodes: nowhere }, { ...place, cluster }),
  ).rejects.toThrow('until brokers know gantry-admin-2 and gantry-servers-2, in vain')
  await expect(performOnKeys({ kind: 'dropKeys', generation: 1, nodes }, place)).rejects.toThrow('are in use')
  await expect(performOnKeys({ kind: 'makeKeys', generation: 3, nodes }, place)).rejects.toThrow(
    'there are no keys of generation 3',
  )
  expect([readKeyRing(dataDir), known.size]).toEqual([before, 0])
})
