import { beforeEach, expect, it } from 'vitest'
import type { RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { handOver } from './hand-over.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const [former, first, second] = ['broker-a-0:10911', 'broker-a-1:10911', 'broker-a-2:10911'] as const
const request = { group: 'broker-a', avoid: former, engine: 'apache', preferred: [first], timeoutMs: 60_000 } as const

let cluster: FakeCluster
let startedMs: number

beforeEach(() => {
  cluster = new FakeCluster()
  startedMs = cluster.clock.now()
  const ask = { code: ResponseCode.SUCCESS, body: Buffer.from('brokerName=broker-a\nbrokerPermission=6\n') }
  cluster.answer(former, RequestCode.GET_BROKER_CONFIG, () => ask)
  // Of no engine that says whether it takes part: it knows by then what it is.
  cluster.answer(former, RequestCode.GET_BROKER_RUNTIME_INFO, () => {
    const table = { brokerActive: String(cluster.master === former), commitLogMaxOffset: '1000' }
    return { code: ResponseCode.SUCCESS, body: Buffer.from(JSON.stringify({ table })) }
  })
})

/** A replica of ours, which NameServers then name for the master. */
function ours(address: string, answer: (request: RequestDraft) => number = () => ResponseCode.SUCCESS): void {
  cluster.answer(address, RequestCode.STAND_IN_FOR_MASTER, (draft) => {
    const code = answer(draft)
    const isBegin = Number(draft.fields?.['forMs']) > 0
    cluster.asked.push(`${address} ${code !== ResponseCode.SUCCESS ? 'refuses' : isBegin ? 'stands in' : 'ends'}`)
    cluster.routed.clear()
    if (code === ResponseCode.SUCCESS && isBegin) {
      for (const nameServer of cluster.nameServers) cluster.routed.set(nameServer, address)
    }
    return { code, remark: code === ResponseCode.SUCCESS ? undefined : 'it follows no master' }
  })
}

/** What was asked, repetitions left out. */
const asked = (): string[] =>
  cluster.asked
    .map((line) =>
      line.replace(/startAcceptSendRequestTimeStamp=(0|\d+)/, (_, ms) => (ms === '0' ? 'serve' : 'refuse')),
    )
    .filter((line, index, all) => line !== all[index - 1])

it('leads clients to a replica of ours, until all know it, before that one is elected', async () => {
  ours(second)
  expect(await handOver(cluster.live, request)).toBe('led over')
  expect(asked()).toEqual([`${second} stands in`, `${former} refuse`, 'elect 2', `${former} serve`])
  expect(cluster.clock.now() - startedMs).toBeGreaterThanOrEqual(35_000)
  expect(cluster.told).toContain('clients of broker-a come to know broker-a-2:10911, which is to be master: 35 s')
})

it('waits as long as clients of the cluster go by old routes', async () => {
  ours(first)
  expect(await handOver(cluster.live, { ...request, staleRouteMs: 12_000 })).toBe('led over')
  const tookMs = cluster.clock.now() - startedMs
  expect(tookMs).toBeGreaterThanOrEqual(12_000)
  expect(tookMs).toBeLessThan(20_000)
  expect(cluster.asked.filter((line) => line === `${first} stands in`).length).toBeGreaterThanOrEqual(3)
})

it('does without where no replica can', async () => {
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(asked()).toEqual([`${former} refuse`, 'elect 1', `${former} serve`])
  expect(cluster.clock.now() - startedMs).toBeLessThan(2_000)
})

it('has the master back in the routes when the replica stops standing in', async () => {
  let times = 0
  ours(first, () => (++times < 3 ? ResponseCode.SUCCESS : ResponseCode.SYSTEM_ERROR))
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(asked()).toEqual([
    `${first} stands in`,
    `${first} refuses`,
    `${former} brokerPermission=6`,
    `${former} refuse`,
    'elect 1',
    `${former} serve`,
  ])
})

it('gives the routes back when nobody can be elected', async () => {
  ours(first)
  const [, heir, other] = cluster.replicas
  if (heir === undefined || other === undefined) throw new Error('three replicas')
  cluster.meanwhile = () => {
    if (cluster.clock.now() - startedMs > 34_000) heir.inSync = other.inSync = false
  }
  await expect(handOver(cluster.live, request)).rejects.toThrow('no other replica is in sync')
  expect(asked()).toEqual([`${first} stands in`, `${first} ends`, `${former} brokerPermission=6`])
})

it('asks nobody to stand in for one that checks signatures: it would refuse what is passed on', async () => {
  ours(first)
  const settings = { code: ResponseCode.SUCCESS, body: Buffer.from('authenticationEnabled=true\n') }
  cluster.answer(former, RequestCode.GET_BROKER_CONFIG, () => settings)
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(asked()).toEqual([`${former} refuse`, 'elect 1', `${former} serve`])
  expect(cluster.told[0]).toBe('broker-a-0:10911 checks signatures: nobody can pass on to it what clients send')
})

it('asks nobody to stand in for one of ours', async () => {
  ours(first)
  expect(await handOver(cluster.live, { ...request, engine: 'gantry' })).toBe('handed over')
  expect(asked()).toEqual(['elect 1'])
})
