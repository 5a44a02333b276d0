import { beforeEach, expect, it } from 'vitest'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { handOver } from './hand-over.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const former = 'broker-a-0:10911'
const request = { group: 'broker-a', avoid: former, engine: 'apache', preferred: [], timeoutMs: 60_000 } as const
const started = 'startAcceptSendRequestTimeStamp='

let cluster: FakeCluster
/** What the master says of itself, besides where its log ends. */
let table: Record<string, string>

beforeEach(() => {
  cluster = new FakeCluster()
  table = { brokerActive: 'true' }
  cluster.meanwhile = () => {
    if (cluster.master !== former) table['brokerActive'] = 'false'
  }
  cluster.answer(former, RequestCode.GET_BROKER_RUNTIME_INFO, () => {
    const end = String(cluster.replicas[0]?.end)
    return {
      code: ResponseCode.SUCCESS,
      body: Buffer.from(JSON.stringify({ table: { ...table, commitLogMaxOffset: end } })),
    }
  })
})

/** What was asked of the master, times by how far they are ahead of the clock. */
const asked = (): string[] =>
  cluster.asked.map((line) => {
    const [, ms] = /TimeStamp=(\d+)/.exec(line) ?? []
    return ms === undefined ? line : Number(ms) === 0 ? 'serve' : 'refuse'
  })

it('keeps messages away from a master of Apache until another one is master and it knows', async () => {
  const startedMs = cluster.clock.now()
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(asked()).toEqual(['refuse', 'elect 1', 'serve'])
  expect(cluster.asked[0]).toBe(`${former} ${started}${startedMs + 30_000}`)
  expect(cluster.told).toContain(
    'another replica than broker-a-0:10911 is master of broker-a: broker-a-0:10911 ends what is under way',
  )
})

it('leaves one of ours alone', async () => {
  expect(await handOver(cluster.live, { ...request, engine: 'gantry' })).toBe('handed over')
  expect(asked()).toEqual(['elect 1'])
})

it('goes by the clock of the broker', async () => {
  const bootMs = cluster.clock.now() + 3_600_000
  table['bootTimestamp'] = String(bootMs)
  table['runtime'] = '[ 1 days, 2 hours, 3 minutes, 4 seconds ]'
  await handOver(cluster.live, request)
  const itsMs = bootMs + (((24 + 2) * 60 + 3) * 60 + 4) * 1000
  expect(cluster.asked[0]).toBe(`${former} ${started}${itsMs + 30_000}`)
})

it('waits until whoever is to be master has what was sent before', async () => {
  const heir = cluster.replicas[1]
  if (heir === undefined) throw new Error('three replicas')
  heir.end = 990
  let looks = 0
  const { meanwhile } = cluster
  cluster.meanwhile = () => {
    meanwhile()
    if (++looks === 40) heir.end = 1000
  }
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(asked()).toEqual(['refuse', 'elect 1', 'serve'])
  expect(cluster.told.join('\n')).toContain(`broker-a-1:10911 is 10 bytes behind ${former}, which takes no messages`)
})

it('has clients served in between when the heir does not come to have it, and tries again', async () => {
  const heir = cluster.replicas[1]
  if (heir === undefined) throw new Error('three replicas')
  heir.end = 990
  await expect(handOver(cluster.live, request)).rejects.toThrow('and clients are served in between')
  expect(asked()).toEqual(['refuse', 'serve', 'refuse', 'serve'])
})

it('serves clients while there is nobody to hand over to', async () => {
  let looks = 0
  cluster.replicas[1]!.end = 990
  const { meanwhile } = cluster
  cluster.meanwhile = () => {
    meanwhile()
    if (++looks === 30) for (const replica of cluster.replicas.slice(1)) replica.inSync = false
  }
  await expect(handOver(cluster.live, request)).rejects.toThrow('no other replica is in sync')
  expect(asked()).toEqual(['refuse', 'serve'])
})

it('holds messages, also after an interruption, while the former master does not know that it is none', async () => {
  cluster.master = 'broker-a-1:10911'
  cluster.meanwhile = () => {}
  const startedMs = cluster.clock.now()
  await expect(handOver(cluster.live, request)).rejects.toThrow('does not know yet that it is not master any more')
  // It would acknowledge what nobody else gets: the time is left to pass by itself.
  expect(new Set(asked())).toEqual(new Set(['refuse']))
  const last = Number(cluster.asked.at(-1)?.split('=')[1])
  expect(last).toBeGreaterThan(cluster.clock.now())
  expect(startedMs + 30_000).toBeLessThan(last)
  table['brokerActive'] = 'false'
  expect(await handOver(cluster.live, request)).toBe('not master')
})

it('does not wait for a former master that has gone', async () => {
  cluster.master = 'broker-a-1:10911'
  cluster.down.add(former)
  expect(await handOver(cluster.live, request)).toBe('not master')
  expect(cluster.asked).toEqual([])
})

it('lets one go on refusing messages that is to do so for longer', async () => {
  table['startAcceptSendRequestTimeStamp'] = String(cluster.clock.now() + 86_400_000)
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(asked()).toEqual(['elect 1'])
})

it('says so when messages cannot be given back, and has handed over', async () => {
  let count = 0
  cluster.answer(former, RequestCode.UPDATE_BROKER_CONFIG, () => {
    count++
    return count === 1 ? { code: ResponseCode.SUCCESS } : { code: ResponseCode.SYSTEM_ERROR, remark: 'disk full' }
  })
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(cluster.told.at(-1)).toContain('takes no messages for 30 s')
})
