import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  asObject,
  booleanField,
  integerField,
  integerKeyed,
  JsonFieldError,
  numberField,
  objectField,
  textField,
  textListField,
} from './json-fields.ts'
import { JavaDouble, type JsonInput, type JsonObject, type JsonValue } from './json-value.ts'
import { JSON_DEPTH_MAX, JsonSyntaxError, parseJson, parseJsonBytes } from './parse-json.ts'
import { encodeJson, encodeStandardJson, formatJson } from './write-json.ts'

const golden = JSON.parse(readFileSync(new URL('golden/fastjson.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>

const brokerA = {
  brokerAddrs: new Map([
    [0, '127.0.0.1:10911'],
    [1, '127.0.0.1:10921'],
  ]),
  brokerName: 'broker-a',
  cluster: 'c1',
  enableActingMaster: true,
  zoneName: 'z1',
}
const brokerB = {
  cluster: 'c1',
  brokerName: 'broker-b',
  zoneName: null,
  enableActingMaster: false,
  brokerAddrs: new Map(),
}
const queueData = { brokerName: 'broker-a', readQueueNums: 4, writeQueueNums: 8, perm: 6, topicSysFlag: 0 }
const route = {
  orderTopicConf: undefined,
  brokerDatas: [brokerA, brokerB],
  queueDatas: [queueData],
  filterServerTable: new Map(),
}
const fullRoute = (currIdMap: Map<number, number>) => ({
  ...route,
  filterServerTable: new Map([['127.0.0.1:1', ['f1', 'f2']]]),
  orderTopicConf: 'broker-a:4;broker-b:4',
  topicQueueMappingByBroker: new Map([
    [
      'broker-a',
      {
        bname: 'broker-a',
        currIdMap,
        dirty: false,
        epoch: 5,
        scope: '__global__',
        topic: 'T',
        totalQueues: 8,
      },
    ],
  ]),
})
const SORTED = new Map([
  [0, 1],
  [5, 2],
])
const UNSORTED = new Map([
  [5, 2],
  [0, 1],
])
const topicConfig = (topicName: string, queues: [number, number], attributes: Map<string, string>) => ({
  topicName,
  readQueueNums: queues[0],
  writeQueueNums: queues[1],
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
  attributes,
})
const topics = {
  topicConfigTable: new Map([
    ['T1', topicConfig('T1', [4, 8], new Map([['message.type', 'FIFO']]))],
    ['T2', topicConfig('T2', [16, 16], new Map())],
  ]),
  dataVersion: { stateVersion: 2, timestamp: 1700000000000, counter: 7 },
}
const topicOffset = { maxOffset: 0, minOffset: 0, lastUpdateTimestamp: 0 }
const topicStats = (queueIds: number[]) => ({
  offsetTable: new Map(queueIds.map((queueId) => [{ topic: 'T', brokerName: 'b', queueId }, topicOffset])),
  topicPutTps: new JavaDouble(0),
})
const odd = new Map<string, JsonInput>([
  ['s', 'a"b\\c\n\t\r\b\f\u0001\u001f\u007f/é中\u2028😀<>&\''],
  ['d', 1.5],
  ['d2', new JavaDouble(1)],
  ['f', new JavaDouble(3)],
  ['e', []],
  ['em', new Map()],
  ['nest', [1, 2, new Map([['a', 1]])]],
  ['t', true],
  ['n', null],
  ['de', 1e30],
  ['ds', 1e-7],
  ['nl', [1, null, 'x']],
  ['ll', [[1], []]],
])

test('bodies are the bytes that fastjson writes', () => {
  expect(encodeJson(route).toString()).toBe(golden['route plain'])
  expect(encodeJson(fullRoute(SORTED)).toString()).toBe(golden['route plain full'])
  expect(encodeJson(topicStats([2, 1])).toString()).toBe(golden['topicstats'])
  expect(encodeJson({ clusterAddrTable: new Map([['c1', new Set(['broker-b', 'broker-a'])]]) }).toString()).toBe(
    '{"clusterAddrTable":{"c1":["broker-b","broker-a"]}}',
  )
  const without = (text: string) => text.replace('"big":9223372036854775807,', '').replace('"nan":null,', '')
  expect(encodeJson(odd).toString()).toBe(without(golden['map']!).replace(',"bytes":[1,2,-1]', ''))
  expect(
    encodeJson(
      new Map<JsonInput, string>([
        [1, 'i'],
        [-3, 'n'],
        [true, 'b'],
        [1.5, 'd'],
        ['s', 's'],
      ]),
    ).toString(),
  ).toBe('{1:"i",-3:"n",true:"b",1.5:"d","s":"s"}')
})

test('standard JSON quotes all keys but objects and sorts maps', () => {
  expect(encodeStandardJson(route).toString()).toBe(golden['route std'])
  expect(encodeStandardJson(fullRoute(UNSORTED)).toString()).toBe(golden['route std full'])
  expect(
    encodeStandardJson(
      new Map([
        [10, 'b'],
        [9, 'a'],
      ]),
    ).toString(),
  ).toBe('{"9":"a","10":"b"}')
  expect(JSON.parse(encodeStandardJson(fullRoute(UNSORTED)).toString())).toMatchObject({
    orderTopicConf: 'broker-a:4;broker-b:4',
  })
})

test('files are laid out as Apache lays them out', () => {
  expect(formatJson(topics)).toBe(golden['topics pretty'])
  expect(formatJson({ ...topics, topicConfigTable: new Map() })).toBe(golden['topics empty pretty'])
  const offsets = new Map([
    [
      'T@g',
      new Map([
        [0, 5],
        [1, 6],
      ]),
    ],
    ['E@g', new Map()],
  ])
  expect(formatJson({ offsetTable: offsets })).toBe(golden['offsets'])
  expect(formatJson(topicStats([2, 1]))).toBe(golden['topicstats pretty'])
})

test('all that the official classes write is read', () => {
  for (const [name, text] of Object.entries(golden)) {
    if (name === 'register compressed') continue
    expect(() => parseJson(text), name).not.toThrow()
  }
  const parsed = asObject(parseJson(golden['route plain full']!), 'route')
  expect(parsed).toEqual(parseJson(golden['route std full']!))
  const big = asObject(parseJson(golden['map']!), 'map')
  expect([big['big'], integerField(big, 'big')]).toEqual(['9223372036854775807', Number.MAX_SAFE_INTEGER])
  expect(encodeJson({ big: big['big'] }).toString()).toBe('{"big":"9223372036854775807"}')
  const keys = Object.keys(objectField(asObject(parseJson(golden['topicstats']!), 'stats'), 'offsetTable')!)
  expect(keys.map(parseJson)).toEqual([2, 1].map((queueId) => ({ brokerName: 'b', queueId, topic: 'T' })))
})

test("fastjson's liberties are taken as it takes them", () => {
  const cases: [string, JsonValue][] = [
    ['{0:"a",-1:"b",1.5:1}', { 0: 'a', '-1': 'b', '1.5': 1 }],
    [`{'a':'b"\\'',b_$.c:1}`, { a: 'b"\'', 'b_$.c': 1 }],
    ['{"a":1,}', { a: 1 }],
    ['[1,]', [1]],
    ['[01,.5,+1,1.,1L,-0]', [1, 0.5, 1, 1, 1, -0]],
    ['// c\n{"a":/* b */1} // d', { a: 1 }],
    ['"x\ny\\x41\\v\\u00e9\\/"', 'x\nyA\vé/'],
    ['\ufeff[true,false,null]', [true, false, null]],
    ['[9223372036854775808,-09007199254740993]', ['9223372036854775808', '-9007199254740993']],
  ]
  for (const [text, value] of cases) expect(parseJson(text), text).toEqual(value)
})

test('a key is a key, whatever its name', () => {
  const parsed = parseJson('{"__proto__":{"x":1},"constructor":2,"a":1,"a":3}') as JsonObject
  expect(Object.entries(parsed)).toEqual([
    ['__proto__', Object.assign(Object.create(null), { x: 1 })],
    ['constructor', 2],
    ['a', 3],
  ])
  expect((parseJson('{}') as JsonObject)['constructor']).toBeUndefined()
})

test('errors say what and where', () => {
  const cases: [string, string, number][] = [
    ['', 'expected a value but found the end of the text at line 1, column 1', 0],
    ['{"a":1}x', '"x" after the end of the value at line 1, column 8', 7],
    ['{\n "a":1 "b":2}', 'expected "," or "}" but found """ at line 2, column 8', 9],
    ['[1,,2]', 'expected a value but found "," at line 1, column 4', 3],
    ['{"a" 1}', 'expected ":" after the key "a" but found "1" at line 1, column 6', 5],
    ['{"a":NaN}', 'expected a value but found "N" at line 1, column 6', 5],
    ['[truex]', 'expected a value but found "t" at line 1, column 2', 1],
    ['["abc', 'a string without end at line 1, column 2', 1],
    ['["\\u12"]', '"\\u12"]" is not a character at line 1, column 3', 2],
    ['["\\q"]', '"\\q" is not an escape at line 1, column 3', 2],
    ['[0x1f]', '"0" is not a number at line 1, column 2', 1],
    ['[1] /* ', 'a comment without end at line 1, column 5', 4],
    ['[1]\0', 'the control character 0x00 after the end of the value at line 1, column 4', 3],
    ['{,}', 'expected a key but found "," at line 1, column 2', 1],
    ['['.repeat(200), `more than ${JSON_DEPTH_MAX} levels at line 1, column ${JSON_DEPTH_MAX + 1}`, JSON_DEPTH_MAX],
  ]
  for (const [text, message, offset] of cases) {
    let thrown: unknown
    try {
      parseJson(text)
    } catch (error) {
      thrown = error
    }
    expect(thrown, text).toBeInstanceOf(JsonSyntaxError)
    expect([(thrown as Error).message, (thrown as JsonSyntaxError).offset]).toEqual([message, offset])
  }
})

test('whatever is written is read back, in every dialect', () => {
  const key = fc.string().filter((name) => name !== '__proto__')
  const value = fc.jsonValue({ maxDepth: 4 }).filter((any) => !JSON.stringify(any).includes('null'))
  fc.assert(
    fc.property(
      fc.dictionary(key, value),
      fc.dictionary(fc.integer().map(String), fc.maxSafeInteger()),
      (bean, longs) => {
        const object = { bean, longs: new Map(Object.entries(longs).map(([k, v]) => [Number(k), v])) }
        const expected = JSON.parse(JSON.stringify({ bean, longs }))
        const plain = (bytes: Buffer | string) => JSON.parse(JSON.stringify(parseJsonBytes(Buffer.from(bytes))))
        expect(plain(encodeJson(object))).toEqual(expected)
        expect(plain(encodeStandardJson(object))).toEqual(expected)
        expect(plain(formatJson(object))).toEqual(expected)
        expect(JSON.parse(encodeStandardJson(object).toString())).toEqual(expected)
      },
    ),
  )
})

test('fields are read with the leniency of fastjson and no more', () => {
  const object = asObject(parseJson('{"i":"12","f":2.0,"t":7,"b":"true","n":null,"l":["a",1,null],"m":{3:1}}'), 'o')
  expect(integerField(object, 'i')).toBe(12)
  expect(integerField(object, 'f')).toBe(2)
  expect(numberField(object, 'i')).toBe(12)
  expect(textField(object, 't')).toBe('7')
  expect(booleanField(object, 'b')).toBe(true)
  expect([integerField(object, 'n'), textField(object, 'none')]).toEqual([undefined, undefined])
  expect(textListField(object, 'l')).toEqual(['a', '1'])
  expect(integerKeyed(objectField(object, 'm')!)).toEqual([[3, 1]])
  const wrong = asObject(parseJson('{"a":"x","b":{},"c":1.5}'), 'o')
  expect(() => integerField(wrong, 'a')).toThrow(new JsonFieldError('a is "x", expected a whole number'))
  expect(() => integerField(wrong, 'c')).toThrow(new JsonFieldError('c is 1.5, expected a whole number'))
  expect(() => textField(wrong, 'b')).toThrow(new JsonFieldError('b is {}, expected text'))
  expect(() => booleanField(wrong, 'a')).toThrow(new JsonFieldError('a is "x", expected true or false'))
  expect(() => asObject([], 'body')).toThrow(new JsonFieldError('body is [], expected an object'))
})
