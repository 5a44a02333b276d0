import { readFileSync } from 'node:fs'
import { deflateSync, inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { JsonSyntaxError } from '../json/parse-json.ts'
import { ProtocolVersion } from '../remoting/protocol-version.ts'
import {
  decodeRegisterBody,
  encodeRegisterBody,
  REGISTER_BODY_INFLATED_MAX_BYTES,
  type RegisterBody,
  RegisterBodyError,
  registerBodyCrc32,
  type TopicConfigFields,
} from './register-body.ts'

const golden = JSON.parse(readFileSync(new URL('../json/golden/fastjson.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>
const { V5_5_0, V5_0_0, V4_9_4, V3_0_11 } = ProtocolVersion
const plain = Buffer.from(golden['register']!)
const compressed = Buffer.from(golden['register compressed']!, 'hex')

const dataVersion = { counter: 7, stateVersion: 2, timestamp: 1700000000000 }
const t1 = { topicName: 'T1', readQueueNums: 4, writeQueueNums: 8, perm: 6, topicSysFlag: 0 }
const t2 = { topicName: 'T2', readQueueNums: 16, writeQueueNums: 16, perm: 6, topicSysFlag: 0 }
const mapping = {
  topic: 'T',
  bname: 'broker-a',
  scope: '__global__',
  totalQueues: 8,
  epoch: 5,
  dirty: false,
  currIdMap: new Map([
    [0, 1],
    [5, 2],
  ]),
}
const topics = new Map([
  ['T1', t1],
  ['T2', t2],
])

test('bodies written by the official broker are read, plain and compressed', () => {
  const read = decodeRegisterBody(plain, false, V5_5_0)
  expect(read).toEqual({ dataVersion, topics, filterServers: ['f'], mappings: new Map([['T1', mapping]]) })
  // Compressed mappings go by the topic they name.
  expect(decodeRegisterBody(compressed, true, V5_5_0)).toEqual({ ...read, mappings: new Map([['T', mapping]]) })
  expect(decodeRegisterBody(compressed, true, V4_9_4).mappings.size).toBe(0)
  // Seen from Apache RocketMQ 5.5.0 with compressedRegister=true.
  expect(decodeRegisterBody(compressed, false, V5_5_0)).toEqual(decodeRegisterBody(compressed, true, V5_5_0))
})

test('bodies of old versions and empty ones are read', () => {
  const old = Buffer.from(golden['topics pretty']!)
  expect(decodeRegisterBody(old, false, V3_0_11 - 1)).toEqual({
    dataVersion,
    topics,
    filterServers: [],
    mappings: new Map(),
  })
  const nothing = {
    dataVersion: { counter: 0, stateVersion: 0, timestamp: 0 },
    topics: new Map(),
    filterServers: [],
    mappings: new Map(),
  }
  expect(decodeRegisterBody(Buffer.alloc(0), true, V5_5_0)).toEqual(nothing)
  expect(decodeRegisterBody(Buffer.from('{}'), false, V5_5_0)).toEqual(nothing)
})

test('the bodies written here are those of the official broker', () => {
  const full = (topic: typeof t1, attributes: Map<string, string>): TopicConfigFields => ({
    ...topic,
    topicFilterType: 'SINGLE_TAG',
    order: false,
    attributes,
  })
  const body: RegisterBody<TopicConfigFields> = {
    dataVersion,
    filterServers: ['f'],
    mappings: new Map([['T1', mapping]]),
    topics: new Map([
      ['T1', full(t1, new Map([['message.type', 'FIFO']]))],
      ['T2', full(t2, new Map())],
    ]),
  }
  const detail = /"topicQueueMappingDetailMap":\{"T1":\{[^}]*\{\}[^}]*\{\}[^}]*\}\}/
  expect(golden['register']).toMatch(detail)
  expect(encodeRegisterBody(body, false).toString()).toBe(
    golden['register']!.replace(detail, '"topicQueueMappingDetailMap":{}'),
  )
  expect(inflateSync(encodeRegisterBody(body, true)).toString('latin1')).toBe(
    inflateSync(compressed).toString('latin1'),
  )
})

test('a checksum has no sign bit', () => {
  expect(registerBodyCrc32(Buffer.from('123456789'))).toBe(0xcbf43926 & 0x7fffffff)
})

test('bad bodies are refused with the reason', () => {
  const refuse = (
    bytes: Uint8Array,
    isCompressed: boolean,
    problem: string | typeof JsonSyntaxError,
    version: number = V5_5_0,
  ) => expect(() => decodeRegisterBody(bytes, isCompressed, version)).toThrow(problem as string)
  refuse(compressed.subarray(0, 100), true, 'the compressed body is damaged: unexpected end of file')
  refuse(plain, true, 'the compressed body is damaged: incorrect header check')
  refuse(compressed.subarray(1), false, JsonSyntaxError)
  refuse(Buffer.from('[]'), false, 'register body is [], expected an object')
  refuse(Buffer.from('{"topicConfigSerializeWrapper":{"topicConfigTable":{"T":{"perm":"x"}}}}'), false, 'perm is "x"')
  const inflated = inflateSync(compressed)
  for (let length = 0; length < inflated.length; length++) {
    expect(() => decodeRegisterBody(deflateSync(inflated.subarray(0, length)), true, V5_0_0), `${length}`).toThrow()
  }
  refuse(deflateSync(Buffer.alloc(8, 0x7f)), true, '2139062143 bytes of the data version in a body with 4 bytes left')
  const part = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)])
  refuse(deflateSync(Buffer.concat([part('{}'), Buffer.from([0, 0, 0, 1]), part('T 1')])), true, '"T 1" is not a topic')
})

test('a small body that inflates beyond the limit is refused before it takes the memory', () => {
  const bomb = deflateSync(Buffer.alloc(REGISTER_BODY_INFLATED_MAX_BYTES + 1))
  expect(bomb.length).toBeLessThan(100_000)
  expect(() => decodeRegisterBody(bomb, true, V5_5_0)).toThrow(
    new RegisterBodyError(`the compressed body grows beyond ${REGISTER_BODY_INFLATED_MAX_BYTES} bytes`),
  )
})
