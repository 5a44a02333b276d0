import { expect, test } from 'vitest'
import { compactTime, humanTime, parseTime, permText, versionName } from './java-text.ts'
import { cut, heading, row } from './table.ts'

test('columns as printf lays them out', () => {
  expect(row('%-6s|%6s|%04d|%8.2f|%d%%%n', 'ab', 'cd', 7, 1.5, -3)).toBe('ab    |    cd|0007|    1.50|-3%\n')
  expect(row('%-3s|%2s', 'longer', 'wide')).toBe('longer|wide')
  expect(row('%s %s %s', undefined, true, 0)).toBe('null true 0')
  expect(heading('%-6d %8.2f %04d\n', '#A', '#B', '#C')).toBe('#A           #B   #C\n')
  expect(cut('abcdef', 3)).toBe('abc')
})

test('versions by their number', () => {
  // Ordinals of MQVersion.Version in 5.5.0.
  const cases: [number, string][] = [
    [0, 'V3_0_0_SNAPSHOT'],
    [15, 'V3_0_0_FINAL'],
    [37, 'V3_0_11'],
    [46, 'V3_1_0_SNAPSHOT'],
    [121, 'V3_4_9'],
    [122, 'V3_5_1_SNAPSHOT'],
    [401, 'V4_9_4'],
    [413, 'V5_0_0'],
    [513, 'V5_5_0'],
    [611, 'V5_9_9'],
    [612, 'HIGHER_VERSION'],
    [9999, 'HIGHER_VERSION'],
  ]
  for (const [ordinal, name] of cases) expect(versionName(ordinal), name).toBe(name)
})

test('times in local time, and back', () => {
  const time = new Date(2026, 10, 21, 7, 8, 9, 45).getTime()
  expect(humanTime(time)).toBe('2026-11-21 07:08:09,045')
  expect(compactTime(time)).toBe('20261121070809045')
  expect(parseTime('2026-11-21#07:08:09:045')).toBe(time)
  expect(parseTime('1795265469305')).toBe(1795265469305)
  expect(parseTime('-1')).toBe(-1)
  expect(() => parseTime('now')).toThrow('"now" is no time: give milliseconds since 1970 or yyyy-MM-dd#HH:mm:ss:SSS')
})

test('permissions', () => {
  expect([0, 2, 4, 6, 7].map(permText)).toEqual(['---', '-W-', 'R--', 'RW-', 'RWX'])
})
