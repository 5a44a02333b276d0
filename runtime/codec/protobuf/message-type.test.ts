import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bytes,
  type Draft,
  flag,
  float,
  int32,
  int64,
  type Message,
  manyEnumerations,
  manySubs,
  manyTexts,
  message,
  optionalInt32,
  optionalText,
  sub,
  text,
  texts,
} from './message-type.ts'
import { ProtobufError } from './proto-reader.ts'

const Inner = message({ number: int32(1), name: optionalText(2) })
const Outer = message({
  text: text(1),
  number: int32(2),
  large: int64(3),
  yes: flag(4),
  part: float(5),
  raw: bytes(6),
  inner: sub(7, Inner),
  names: manyTexts(8),
  kinds: manyEnumerations(9),
  inners: manySubs(10, Inner),
  map: texts(11),
  maybe: optionalInt32(200),
})

const hex = (value: Draft<typeof Outer>) => Outer.encode(value).toString('hex')

test('bytes are those of the protocol buffers encoding guide', () => {
  // Test1 { a: 150 }, Test2 { b: "testing" } and Test4 { packed 3, 270, 86942 } with the numbers that the fields have here.
  expect(hex({ number: 150 })).toBe('109601')
  expect(hex({ text: 'testing' })).toBe('0a0774657374696e67')
  expect(hex({ kinds: [3, 270, 86942] })).toBe('4a06038e029ea705')
  expect(hex({ number: -1 })).toBe('10ffffffffffffffffff01')
  expect(hex({ large: -2 })).toBe('18feffffffffffffffff01')
  expect(hex({ large: 2 ** 53 - 1 })).toBe('18ffffffffffffff0f')
  expect(hex({ maybe: 0 })).toBe('c00c00')
  expect(hex({ part: 2 })).toBe('2d00000040')
  expect(hex({ map: new Map([['k', 'v']]) })).toBe('5a060a016b120176')
  expect(hex({ inner: {} })).toBe('3a00')
})

test('what is zero takes no bytes, and absent fields are zero, but for those with presence', () => {
  expect(hex({ text: '', number: 0, large: 0, yes: false, part: 0, raw: Buffer.alloc(0), names: [], kinds: [] })).toBe(
    '',
  )
  expect(Outer.decode(Buffer.alloc(0))).toEqual({
    text: '',
    number: 0,
    large: 0,
    yes: false,
    part: 0,
    raw: Buffer.alloc(0),
    inner: undefined,
    names: [],
    kinds: [],
    inners: [],
    map: new Map(),
    maybe: undefined,
  })
  expect(Outer.decode(Outer.encode({ maybe: 0, inner: {} }))).toMatchObject({ maybe: 0, inner: { number: 0 } })
})

const anyInner = fc.record({
  number: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  name: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
})
const anyOuter: fc.Arbitrary<Message<typeof Outer>> = fc.record({
  text: fc.string({ unit: 'binary', maxLength: 200 }),
  number: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  large: fc.maxSafeInteger(),
  yes: fc.boolean(),
  part: fc.float({ noNaN: true }).map((value) => (value === 0 ? 0 : value)),
  raw: fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value)),
  inner: fc.option(anyInner, { nil: undefined }),
  names: fc.array(fc.string({ unit: 'binary' })),
  kinds: fc.array(fc.integer({ min: -10, max: 100_000 })),
  inners: fc.array(anyInner),
  map: fc.array(fc.tuple(fc.string(), fc.string())).map((entries) => new Map(entries)),
  maybe: fc.option(fc.nat(), { nil: undefined }),
})

test('what is written is read again', () => {
  fc.assert(
    fc.property(anyOuter, (value) => {
      expect(Outer.decode(Outer.encode(value))).toEqual(value)
    }),
  )
})

test('fields that nobody knows are passed over, and repeated numbers are read packed or not', () => {
  const unknown = Buffer.from('f83f01 f93f0000000000000000 fa3f03010203 fd3f00000000 1005'.replaceAll(' ', ''), 'hex')
  expect(Outer.decode(unknown).number).toBe(5)
  expect(Outer.decode(Buffer.from('4803488e02', 'hex')).kinds).toEqual([3, 270])
})

test('bytes that are no message are refused, at whatever place they end', () => {
  const refuse = (bytes: string, problem: string) =>
    expect(() => Outer.decode(Buffer.from(bytes, 'hex'))).toThrow(problem)
  refuse('0a', 'ends within a number')
  refuse('0a0561', '5 bytes announced, 1 are there')
  refuse('13', 'wire type 3')
  refuse('0b', 'wire type 3')
  refuse('1205', 'field number with wire type 2')
  refuse('18ffffffffffffff7f', 'more than 53 bits')
  refuse('10ffffffffffffffffffffff01', 'more than ten bytes')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        Outer.decode(Buffer.from(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(ProtobufError)
      }
    }),
  )
})
