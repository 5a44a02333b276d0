import { beforeEach, expect, test } from 'vitest'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { type RequestDraft, responseCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { infoOf, readMappingDetail, type TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import type { Disk } from '../../io/disk.ts'
import { runAdmin } from '../run-admin.ts'

const NOW = 1_800_000_000_000
const BROKERS = ['a', 'b', 'c']

interface Known {
  readonly queueNums: number
  readonly detail: TopicQueueMappingDetail
}

/** What brokers a, b and c know of topic S. */
let topics: Map<string, Known>
/** Messages per queue of broker a. */
let ends: number[]
let told: string[]
let files: Map<string, Uint8Array>
beforeEach(() => {
  topics = new Map()
  ends = []
  told = []
  files = new Map()
})

function answer(address: string, { code, fields, body }: RequestDraft) {
  const broker = address.slice(0, 1)
  const known = topics.get(broker)
  const success = (content: object) => ({ code: ResponseCode.SUCCESS, body: encodeJson(content) })
  const brokerDatas = BROKERS.map((name) => ({
    brokerName: name,
    cluster: 'C',
    brokerAddrs: new Map([[0, `${name}:1`]]),
  }))
  switch (code) {
    case RequestCode.GET_BROKER_CLUSTER_INFO:
      return success({
        brokerAddrTable: Object.fromEntries(brokerDatas.map((data) => [data.brokerName, data])),
        clusterAddrTable: { C: BROKERS },
      })
    case RequestCode.GET_ROUTEINFO_BY_TOPIC: {
      const infos = [...topics].map(([name, { detail }]) => [name, infoOf(detail)] as const)
      return success({ brokerDatas, queueDatas: [], topicQueueMappingByBroker: Object.fromEntries(infos) })
    }
    case RequestCode.GET_TOPIC_CONFIG: {
      if (known === undefined) return { code: ResponseCode.TOPIC_NOT_EXIST }
      const { queueNums, detail } = known
      return success({ topicName: 'S', readQueueNums: queueNums, writeQueueNums: queueNums, mappingDetail: detail })
    }
    case RequestCode.GET_TOPIC_STATS_INFO: {
      const entries = Array.from({ length: known?.queueNums ?? 0 }, (_, queueId) => {
        const maxOffset = broker === 'a' ? (ends[queueId] ?? 0) : 0
        const queue = { brokerName: broker, queueId, topic: 'S' }
        return [queue, { minOffset: 0, maxOffset, lastUpdateTimestamp: 0 }] as const
      })
      return success({ offsetTable: new Map(entries) })
    }
    default: {
      const detail = readMappingDetail(parseJsonBytes(body!))
      topics.set(broker, { queueNums: Number(fields!['writeQueueNums']), detail })
      told.push(broker)
      return { code: ResponseCode.SUCCESS }
    }
  }
}

async function run(...args: string[]) {
  let [stdout, stderr] = ['', '']
  const exitCode = await runAdmin([...args, '-n', 'n:1'], {
    invoker: {
      invoke: (address, request) => Promise.resolve(responseCommand(answer(address, request), 1, SerializeType.JSON)),
    },
    clock: {
      now: () => NOW,
      monotonic: () => 0,
      after: () => ({ cancel: () => undefined }),
      every: () => ({ cancel: () => undefined }),
      endOfTurn: () => undefined,
    },
    random: new SeededRandom(1),
    disk: {
      stat: (path: string) => (files.has(path) ? { sizeBytes: 1, modifiedMs: 0, isDirectory: false } : undefined),
      readFile: (path: string) => Buffer.from(files.get(path)!),
    } as unknown as Disk,
    namesrvAddr: undefined,
    temporaryFolder: '/tmp',
    workingFolder: '/home/me',
    writePrivateFile: (path, content) => void files.set(path, content),
    out: (text) => {
      stdout += text
    },
    err: (text) => {
      stderr += text
    },
  })
  return { exitCode, stdout, stderr }
}

/** `globalId: broker/queue@offset, ...` as a broker knows it. */
function queuesOn(broker: string): string[] {
  const hosted = topics.get(broker)?.detail.hostedQueues ?? new Map()
  return [...hosted].map(
    ([id, items]) =>
      `${id}: ${items.map((one: { bname: string; queueId: number; logicOffset: number }) => `${one.bname}/${one.queueId}@${one.logicOffset}`).join(', ')}`,
  )
}

const update = (...args: string[]) => run('updateStaticTopic', '-t', 'S', ...args)
const remap = (...args: string[]) => run('remappingStaticTopic', '-t', 'S', ...args)

test('a new topic has its queues on the brokers named; the others of the cluster know that they have none', async () => {
  const { exitCode, stdout } = await update('-b', 'a', '-qn', '2')
  expect(exitCode).toBe(0)
  expect(stdout).toBe(
    `The old mapping data is written to file /tmp/S-${NOW}.before\nThe new mapping data is written to file /tmp/S-${NOW + 1000}.after\n`,
  )
  expect(
    [...topics].map(([name, { queueNums, detail }]) => [name, queueNums, detail.totalQueues, detail.epoch]),
  ).toEqual([
    ['a', 2, 2, NOW + 1000],
    ['b', 0, 2, NOW + 1000],
    ['c', 0, 2, NOW + 1000],
  ])
  expect(queuesOn('a')).toEqual(['0: a/0@0', '1: a/1@0'])
  expect(Buffer.from(files.get(`/tmp/S-${NOW + 1000}.after`)!).toString()).toContain(
    '"brokerToMapIn":[],"brokerToMapOut":[],"epoch":1800000001000,"topic":"S","type":"CREATE_OR_UPDATE"}',
  )
})

test('more queues go to the brokers with the fewest; fewer, or as many, are refused', async () => {
  await update('-b', 'a', '-qn', '2')
  await update('-c', 'C', '-qn', '6')
  expect(BROKERS.map((name) => queuesOn(name).length)).toEqual([2, 2, 2])
  expect((await update('-b', 'a', '-qn', '5')).stderr).toContain('Cannot decrease the queue num for static topic 5 < 6')
  expect((await update('-b', 'a', '-qn', '6')).stderr).toContain('is equal the existed queue num, do nothing')
  expect((await update('-c', 'D', '-qn', '9')).stderr).toContain('Find none brokers, do nothing')
})

test('queues move to the brokers named: written there first, then numbered behind what the old broker got', async () => {
  await update('-b', 'a', '-qn', '2')
  ends = [3, 17_000]
  told = []
  const { exitCode, stdout } = await remap('-b', 'a,b')
  expect([exitCode, stdout.match(/The old mapping data/g)?.length]).toEqual([0, 2])
  expect(told).toEqual(['b', 'a', 'b', 'c'])
  const moved = queuesOn('b')
  expect(moved).toEqual(['1: a/1@0, b/0@30000'])
  expect(topics.get('b')!.queueNums).toBe(1)
  // The old broker learns where the new stretch begins with the next change, as from the official tool.
  expect(queuesOn('a')).toEqual(['0: a/0@0', '1: a/1@0, b/0@-1'])
  expect((await remap('-b', 'z')).stderr).toContain("Can't find addr for broker z")
})

test('topicStatus has the queues as clients see them, too', async () => {
  await update('-b', 'a', '-qn', '1')
  ends = [5]
  await remap('-b', 'b')
  const { stdout } = await run('topicStatus', '-t', 'S')
  expect(stdout.split('\n').map((line) => line.trim().split(/\s+/).slice(0, 4))).toContainEqual([
    '__syslo__global__',
    '0',
    '0',
    '10000',
  ])
})

test('a mapping from a file is carried out; what cannot be one is refused', async () => {
  await update('-b', 'a', '-qn', '1')
  topics.clear()
  expect((await update('-b', 'a', '-qn', '1', '-mf', `/tmp/S-${NOW + 1000}.after`)).exitCode).toBe(0)
  expect(queuesOn('a')).toEqual(['0: a/0@0'])
  expect((await update('-b', 'a', '-qn', '1', '-mf', 'none')).stderr).toContain(
    '-mf is none: there is no file /home/me/none',
  )
  files.set('/tmp/bad', Buffer.from('{'))
  expect((await remap('-b', 'a', '-mf', '/tmp/bad')).stderr).toContain('-mf is /tmp/bad: ')
})
