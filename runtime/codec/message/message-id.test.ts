import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHost, encodeHost, parseIp } from './host.ts'
import { decodeMessageId, encodeMessageId, timeOfUniqueKey, UniqueKeyMaker } from './message-id.ts'

test('offset message ids of IPv4 and IPv6 brokers', () => {
  const v4 = encodeHost('192.168.0.1', 10911)
  expect(encodeMessageId(v4, 0, 8, 5368709120)).toBe('C0A8000100002A9F0000000140000000')
  expect(decodeMessageId('C0A8000100002A9F0000000140000000')).toEqual({
    ip: '192.168.0.1',
    port: 10911,
    phyOffset: 5368709120,
  })
  const v6 = encodeHost('fd00::1', 10911)
  const id = encodeMessageId(v6, 0, 20, 1)
  expect(id).toBe('FD00000000000000000000000000000100002A9F0000000000000001')
  expect(decodeMessageId(id)).toEqual({ ip: 'fd00:0:0:0:0:0:0:1', port: 10911, phyOffset: 1 })
})

test('what is no offset message id gives undefined', () => {
  for (const text of [
    '',
    'C0A80001',
    'G'.repeat(32),
    'C0A8000100002A9FFFFFFFFFFFFFFFFF',
    'C0A80001FFFFFFFF0000000000000001',
  ]) {
    expect(decodeMessageId(text)).toBeUndefined()
  }
})

test('unique keys have the layout of MessageClientIDSetter', () => {
  const maker = new UniqueKeyMaker(parseIp('10.1.2.3'), 0x12345, 0x1a2b3c4d)
  const monthStart = new Date(2026, 10, 1).getTime()
  expect(maker.next(monthStart + 0xabc)).toBe('0A01020323451A2B3C4D00000ABC0001')
  expect(maker.next(monthStart + 0xabd)).toBe('0A01020323451A2B3C4D00000ABD0002')
  const nextMonth = new Date(2026, 11, 1).getTime()
  expect(maker.next(nextMonth)).toBe('0A01020323451A2B3C4D000000000003')
})

test('a unique key tells when it was made', () => {
  const maker = new UniqueKeyMaker(parseIp('::1'), 1, 1)
  const now = new Date(2026, 10, 21, 12).getTime()
  expect(timeOfUniqueKey(maker.next(now - 5000), now)).toBe(now - 5000)
  const lastMonth = new Date(2026, 9, 30).getTime()
  expect(timeOfUniqueKey(maker.next(lastMonth), now)).toBe(lastMonth)
  expect(timeOfUniqueKey('no key', now)).toBeUndefined()
})

test('hosts', () => {
  expect(decodeHost(encodeHost('2001:db8::ff00:42:8329', 40000), 0, 20)).toBe('[2001:db8:0:0:0:ff00:42:8329]:40000')
  expect(encodeHost('::ffff:10.0.0.1', 80)).toEqual(encodeHost('10.0.0.1', 80))
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(65535), (ip, port) => {
      expect(decodeHost(encodeHost(ip, port), 0, 8)).toBe(`${ip}:${port}`)
    }),
  )
  for (const text of ['', 'localhost', '1.2.3', '1.2.3.256', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', 'g::1']) {
    expect(() => parseIp(text)).toThrow(`not an IP address: '${text}'`)
  }
})
