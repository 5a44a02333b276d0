import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewOf } from '../bytes.ts'
import { CommandView } from './command-view.ts'
import { MalformedFrameError, SerializeType } from './frame.ts'
import { decodeCommand, encodeCommand, type RemotingCommand, requestCommand } from './remoting-command.ts'

const anyText = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !/[\ud800-\udfff]/u.test(text))
const anyCommand: fc.Arbitrary<RemotingCommand> = fc.record({
  code: fc.integer({ min: 0, max: 32767 }),
  language: fc.constantFrom('JAVA', 'GO', 'NODE_JS', 'OTHER'),
  version: fc.integer({ min: 0, max: 32767 }),
  opaque: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  flag: fc.integer({ min: 0, max: 3 }),
  serializeType: fc.constantFrom(SerializeType.JSON, SerializeType.ROCKETMQ),
  remark: fc.option(
    anyText.filter((text) => text.length > 0),
    { nil: undefined },
  ),
  fields: fc.dictionary(
    anyText.filter((key) => key.length > 0 && key !== '__proto__'),
    anyText.filter((v) => v.length > 0),
    { noNullPrototype: true },
  ),
  body: fc.option(
    fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    { nil: undefined },
  ),
})

test('decode(encode(command)) is the command, in both serializations', () => {
  fc.assert(
    fc.property(anyCommand, (command) => {
      const decoded = decodeCommand(encodeCommand(command))
      expect({ ...decoded, fields: { ...decoded.fields } }).toEqual({ ...command, fields: { ...command.fields } })
    }),
    { numRuns: 1000 },
  )
})

/** A frame around a header as some client writes it. */
function jsonFrame(header: string): Buffer {
  const bytes = Buffer.from(header)
  const frame = Buffer.alloc(8 + bytes.length)
  frame.writeInt32BE(4 + bytes.length, 0)
  frame.writeInt32BE(bytes.length, 4)
  bytes.copy(frame, 8)
  return frame
}

test('bare numbers and booleans in extFields are read as their text, null as absent', () => {
  const frame = jsonFrame(
    ' { "code" : 11 , "extFields" : { "queueId" : 3, "unitMode":false, "remark": null, "nested":{"a":["}"]}, "offset":"-5" } , "opaque":-2, "remark":null, "flag":2 } ',
  )
  const command = decodeCommand(frame)
  expect({ ...command.fields }).toEqual({ queueId: '3', unitMode: 'false', nested: '{"a":["}"]}', offset: '-5' })
  expect([command.code, command.opaque, command.flag, command.remark]).toEqual([11, -2, 2, undefined])
})

test('escapes are decoded in place, surrogate pairs included', () => {
  const command = decodeCommand(
    jsonFrame('{"extFields":{"i":"K\\u0001v\\u0002\\n\\"\\\\\\/\\ud83d\\ude80\\u00e9\\ud83d"},"code":1}'),
  )
  expect(command.fields['i']).toBe('K\u0001v\u0002\n"\\/🚀é\ufffd')
})

test.each([
  ['{"code":1', "'}' expected"],
  ['{"code":1,}', `'"' expected`],
  ['{"code":"x"}', '"code" is not an int'],
  ['{"code":4294967296}', '"code" is not an int'],
  ['{"extFields":{"a":"\\x"}}', 'an unknown escape \\x'],
  ['{"extFields":{"a":"\\u12g4"}}', 'a broken \\u escape'],
  ['{"extFields":{"a":"b}}', 'a string without its closing quote'],
  ['{"extFields":{"a":}}', 'a value is missing'],
  ['[]', "'{' expected"],
  ['', "'{' expected"],
])('the header %s is refused: %s', (header, reason) => {
  expect(() => decodeCommand(jsonFrame(header))).toThrow(MalformedFrameError)
  expect(() => decodeCommand(jsonFrame(header))).toThrow(reason)
})

test('every truncation and every single-byte change of a frame is decoded or refused as malformed, never worse', () => {
  for (const serializeType of [SerializeType.JSON, SerializeType.ROCKETMQ]) {
    const good = encodeCommand(
      requestCommand(
        { code: 310, fields: { a: 'group', b: 'Topic', i: 'K\u0001v\u0002' }, body: Buffer.from('hi'), serializeType },
        9,
        false,
      ),
    )
    const view = new CommandView()
    const tryParse = (bytes: Buffer, length: number): void => {
      try {
        view.parse(bytes, viewOf(bytes), 0, length)
        view.allFields()
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedFrameError)
      }
    }
    for (let length = 0; length < good.length - 4; length++) tryParse(Buffer.from(good), length)
    for (let at = 4; at < good.length; at++) {
      for (const value of [0, 1, 0x22, 0x5c, 0x7d, 0x7f, 0xff]) {
        const changed = Buffer.from(good)
        changed[at] = value
        tryParse(changed, good.length - 4)
      }
    }
  }
})

test('fields are read as numbers without making strings, and wrongly typed ones name themselves', () => {
  const bytes = jsonFrame('{"extFields":{"n":"9223372036854775807","m":"-42","x":"12a","e":""}}')
  const view = new CommandView()
  view.parse(bytes, viewOf(bytes), 0, bytes.length - 4)
  expect(view.integer('n')).toBe(Number.MAX_SAFE_INTEGER)
  expect(view.requiredInteger('m')).toBe(-42)
  expect(view.integer('absent')).toBeUndefined()
  expect(() => view.integer('x')).toThrow('the custom field <x> is not a whole number: 12a')
  expect(() => view.integer('e')).toThrow('the custom field <e> is not a whole number: ')
  expect(() => view.requiredText('topic')).toThrow('the custom field <topic> is null')
})

test('a code beyond int16 is refused in a binary header instead of being cut', () => {
  expect(() =>
    encodeCommand(requestCommand({ code: 200050, serializeType: SerializeType.ROCKETMQ }, 1, false)),
  ).toThrow('code 200050 does not fit')
})
