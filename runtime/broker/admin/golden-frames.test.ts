import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { asObject } from '../../codec/json/json-fields.ts'
import { parseJson } from '../../codec/json/parse-json.ts'
import { decodeCommand } from '../../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { FakeClient } from '../testing/fake-client.ts'
import { topicConfig } from '../topics/topic-config.ts'

interface GoldenFrame {
  readonly code: number
  readonly kind: string
  readonly from: string
  readonly to: string
  readonly answers?: number
  readonly extFields: Readonly<Record<string, string>> | null
  readonly hex: string
}

const FRAMES = readFileSync(new URL('../../../test/compat/golden/frames.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as GoldenFrame)

/** A broker that has the topics and groups the recorded requests speak of, each with a message and an offset. */
function preparedBroker(requests: readonly GoldenFrame[]): BrokerFixture {
  const broker = new BrokerFixture()
  for (const { extFields } of requests) {
    const topic = extFields?.['topic']
    const group = extFields?.['consumerGroup'] ?? extFields?.['group']
    if (topic !== undefined && !broker.topics.find(topic)) {
      broker.topics.createIfAbsent(topicConfig(topic))
      broker.files.put({ topic })
    }
    if (group === undefined) continue
    broker.groups.find(group)
    if (topic !== undefined) broker.offsets.commit(group, topic, 0, 1)
  }
  return broker
}

const served = new Set(new BrokerFixture().handlers.codes)
const requests = FRAMES.filter((frame) => frame.to === 'broker' && frame.kind !== 'response' && served.has(frame.code))

test('every recorded request of official clients, tools and brokers is understood', async () => {
  const broker = preparedBroker(requests)
  const misunderstood: string[] = []
  for (const { code, hex } of requests) {
    const { remark } = await broker.handlers.askFrame(Buffer.from(hex, 'hex'), new FakeClient())
    const problem = /custom field|has no body|body of/.test(remark ?? '') ? remark : undefined
    if (problem !== undefined) misunderstood.push(`${requestCodeName(code)}: ${problem}`)
  }
  expect(misunderstood).toEqual([])
  expect(new Set(requests.map((frame) => frame.code)).size).toBeGreaterThan(30)
})

test('bodies have the fields of the recorded answers', async () => {
  const broker = preparedBroker(requests)
  const client = new FakeClient()
  for (const { code, hex } of requests) {
    if (code === 34) await broker.handlers.askFrame(Buffer.from(hex, 'hex'), client)
  }
  const compared: number[] = []
  for (const { hex, answers, from } of FRAMES) {
    if (from !== 'broker' || answers === undefined || !served.has(answers)) continue
    const recorded = decodeCommand(Buffer.from(hex, 'hex'))
    if (recorded.code !== 0 || recorded.body?.[0] !== 0x7b) continue
    for (const request of requests.filter(({ code }) => code === answers)) {
      const ours = await broker.handlers.askFrame(Buffer.from(request.hex, 'hex'), client)
      if (ours.code !== 0 || !ours.body.startsWith('{')) continue
      expect([answers, fieldsOf(ours.body)]).toEqual([answers, fieldsOf(recorded.body.toString())])
      compared.push(answers)
    }
  }
  expect([...new Set(compared)].sort((a, b) => a - b)).toEqual([
    21, 28, 38, 41, 43, 45, 201, 202, 208, 222, 300, 317, 321, 328, 351, 402,
  ])
})

function fieldsOf(body: string): string[] {
  return Object.keys(asObject(parseJson(body), 'body')).sort()
}
