import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RealDisk } from '../io/real-disk.ts'
import {
  decodeProperties,
  editProperties,
  parseProperties,
  renderProperty,
  updatePropertiesFile,
} from './properties-file.ts'

/** What java.util.Properties of Java 17 made of each text, read as a byte stream. */
const JAVA: readonly (readonly [string, Record<string, string>])[] = [
  ['a=b', { a: 'b' }],
  ['a = b ', { a: 'b ' }],
  ['a:b', { a: 'b' }],
  ['a b', { a: 'b' }],
  ['a\u0009b', { a: 'b' }],
  ['a', { a: '' }],
  ['a=', { a: '' }],
  ['  a  =  b  ', { a: 'b  ' }],
  ['\u000ca\u000c=\u000cb\u000c', { a: 'b\u000c' }],
  ['a==b', { a: '=b' }],
  ['a=:b', { a: ':b' }],
  ['a : = b', { a: '= b' }],
  ['a =\u000a b', { a: '', b: '' }],
  ['# c\u000a! d\u000aa=b', { a: 'b' }],
  ['a=b # no comment', { a: 'b # no comment' }],
  ['a=b\\\u000a  c', { a: 'bc' }],
  ['a=b\\\u000a\\\u000ac=d', { a: 'bc=d' }],
  ['a=b\\\u000a\u000ac=d', { a: 'b', c: 'd' }],
  ['a=b\\\u000a#c=d\u000ae=f', { a: 'b#c=d', e: 'f' }],
  ['a=b\\\\\u000ac=d', { a: 'b\\', c: 'd' }],
  ['a=b\\\\\\\u000a c', { a: 'b\\c' }],
  ['#c\\\u000aa=b', { a: 'b' }],
  ['a\\=b=c', { 'a=b': 'c' }],
  ['a\\ b\\:c=d', { 'a b:c': 'd' }],
  ['a=\\u0041\\t\\n\\r\\f\\z\\"', { a: 'A\u0009\u000a\u000d\u000cz"' }],
  ['a=\\u00e4\\u20AC', { a: '\u00e4\u20ac' }],
  ['a=\u00e4\u00ff', { a: '\u00e4\u00ff' }],
  ['a=b\u000dc=d\u000d\u000ae=f', { a: 'b', c: 'd', e: 'f' }],
  ['a=b\\\u000d\u000ac', { a: 'bc' }],
  ['a=b\\', { a: 'b' }],
  ['a\\', { a: '' }],
  ['\\', { '': '' }],
  ['=b', { '': 'b' }],
  [':b', { '': 'b' }],
  ['= = b', { '': '= b' }],
  ['a=1\u000aa=2', { a: '2' }],
  ['\\#a=b', { '#a': 'b' }],
  ['\\!a=b', { '!a': 'b' }],
  ['a=~/store\u000ab=C:\\\\tmp', { a: '~/store', b: 'C:\\tmp' }],
  ['a\\\u000a b=c', { ab: 'c' }],
  ['a=b\\\u000a \u000a c=d', { a: 'b', c: 'd' }],
  ['   \u000a\u0009\u000c\u000aa=b', { a: 'b' }],
  ['a=\\\u000a  b\\\u000a  c', { a: 'bc' }],
  ['a=b\\ ', { a: 'b ' }],
  ['a=\\ b', { a: ' b' }],
  ['a = \\\u000a', { a: '' }],
  ['a=b\\\u000a', { a: 'b' }],
  ['\u00ef\u00bb\u00bfa=b', { '\u00ef\u00bb\u00bfa': 'b' }],
  ['a\\u0020b=c', { 'a b': 'c' }],
  ['a\\u003db=c', { 'a=b': 'c' }],
  ['a=b\\\u000a!c', { a: 'b!c' }],
  ['a=b\\\u000d\u000d\u000ac=d', { a: 'b', c: 'd' }],
  ['a=b\\\u000d\u000a\u000d\u000ac=d', { a: 'b', c: 'd' }],
  ['a=b\\\u000a\u0009\u000c \u000ac=d', { a: 'b', c: 'd' }],
  ['\\\u000aa=b', { a: 'b' }],
  ['\\\u000a\\\u000aa=b', { a: 'b' }],
  ['a=b\u000a\\\u000a', { '': '', a: 'b' }],
  ['a=b\u000a \\', { '': '', a: 'b' }],
  ['  \\\u000a#x', {}],
  ['a=\\u00a0b', { a: '\u00a0b' }],
  ['a\u00a0=b', { 'a\u00a0': 'b' }],
  ['a\u000b=b', { 'a\u000b': 'b' }],
  ['a=b\u000a\u001ac=d', { '\u001ac': 'd', a: 'b' }],
]

function asRecord(text: string): Record<string, string> {
  const { entries, faults } = parseProperties(text)
  expect(faults).toEqual([])
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]))
}

describe('parseProperties', () => {
  test.each(JAVA)('reads %j as Java does', (text, expected) => {
    expect(asRecord(text)).toEqual(expected)
  })

  test.each([
    ['a=\\u12', '"\\u12" is not a character: \\u takes four hexadecimal digits'],
    ['a=\\u12g4', '"\\u12g4" is not a character: \\u takes four hexadecimal digits'],
    ['\\uzzzz=1', '"\\uzzzz" is not a character: \\u takes four hexadecimal digits'],
    ['a=\\u', '"\\u" is not a character: \\u takes four hexadecimal digits'],
  ])('reports %j, which Java refuses, and reads on', (text, message) => {
    const { entries, faults } = parseProperties(`x=1\n${text}\ny=2`)
    expect(faults).toEqual([{ line: 2, message }])
    expect(entries.map(({ key, line }) => [key, line])).toEqual([
      ['x', 1],
      ['y', 3],
    ])
  })

  test('counts lines through comments, blank lines, continuations and all three terminators', () => {
    const text = '# c\n\na=1\\\n  2\r\nb=3\r! d\n\\\n c=4'
    expect(parseProperties(text).entries).toEqual([
      { key: 'a', value: '12', line: 3, start: 5, end: 13 },
      { key: 'b', value: '3', line: 5, start: 15, end: 18 },
      { key: 'c', value: '4', line: 8, start: 26, end: 29 },
    ])
  })

  test('keeps every setting of a key, the last last', () => {
    expect(parseProperties('a=1\nb=2\na=3').entries.map(({ key, value }) => `${key}=${value}`)).toEqual([
      'a=1',
      'b=2',
      'a=3',
    ])
  })
})

const anyText = fc.string({ unit: 'binary', maxLength: 20 })

test('what renderProperty writes is plain ASCII on one line and reads back the same', () => {
  fc.assert(
    fc.property(anyText, anyText, (key, value) => {
      const line = renderProperty(key, value)
      expect(line).toMatch(/^[\x20-\x7e]*$/)
      expect(asRecord(line)).toEqual({ [key]: value })
    }),
  )
})

describe('editProperties', () => {
  test('changes one value and leaves comments, order and spelling of the rest alone', () => {
    const text = '# the master\nbrokerName = broker-a\n\n! ports\nlistenPort : 10911\nbrokerId=0\n'
    expect(editProperties(text, new Map([['listenPort', '20911']]))).toBe(
      '# the master\nbrokerName = broker-a\n\n! ports\nlistenPort=20911\nbrokerId=0\n',
    )
  })

  test('replaces a value that runs over several lines as a whole', () => {
    const text = 'namesrvAddr = a:1;\\\n  b:2\nbrokerId=0\n'
    expect(editProperties(text, new Map([['namesrvAddr', 'c:3']]))).toBe('namesrvAddr=c:3\nbrokerId=0\n')
  })

  test('of a key set twice replaces the one that counts', () => {
    expect(editProperties('a=1\na=2\n', new Map([['a', '3']]))).toBe('a=1\na=3\n')
  })

  test.each([
    ['', 'b=2\n'],
    ['a=1\n', 'a=1\nb=2\n'],
    ['a=1', 'a=1\nb=2\n'],
    ['a=1\r\n', 'a=1\r\nb=2\n'],
    ['a=1\\', 'a=1\\\n\nb=2\n'],
    ['a=1\\\n', 'a=1\\\n\nb=2\n'],
    ['a=1\n# end', 'a=1\n# end\nb=2\n'],
  ])('appends a new key to %j', (text, expected) => {
    expect(editProperties(text, new Map([['b', '2']]))).toBe(expected)
  })

  test('changes what it was told and nothing else, whatever the text', () => {
    const unit = fc.constantFrom('a', 'b', '=', ':', '#', ' ', '\\', '\n', '\r', '\t', '1')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), anyText, (text, value) => {
        const before = parseProperties(text)
        fc.pre(before.faults.length === 0 && before.entries.every(({ key }) => key !== ''))
        const expected = { ...asRecord(text), added: value }
        expect(asRecord(editProperties(text, new Map([['added', value]])))).toEqual(expected)
        const key = before.entries[0]?.key
        if (key !== undefined) {
          expect(asRecord(editProperties(text, new Map([[key, value]])))).toEqual({ ...asRecord(text), [key]: value })
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('updatePropertiesFile', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-conf-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  test('edits the file in place, byte for byte outside the change, and keeps the previous one as .bak', () => {
    const path = join(folder, 'broker.conf')
    const text = '# Größe\nfileReservedTime=48\n'
    writeFileSync(path, text, 'utf8')
    updatePropertiesFile(new RealDisk(), path, new Map([['fileReservedTime', '72']]))
    expect(readFileSync(path, 'utf8')).toBe('# Größe\nfileReservedTime=72\n')
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe(text)
  })

  test('creates a missing file with its folder', () => {
    const path = join(folder, 'config', 'broker.properties')
    updatePropertiesFile(new RealDisk(), path, new Map([['brokerName', 'größe']]))
    expect(readFileSync(path, 'utf8')).toBe('brokerName=gr\\u00F6\\u00DFe\n')
  })
})

test('bytes above ASCII are ISO-8859-1, as for Java', () => {
  expect(decodeProperties(Buffer.from('ä', 'utf8'))).toBe('Ã¤')
})
