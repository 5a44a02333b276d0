import { expect, it } from 'vitest'
import { contains, gatewayOf, parseSubnet } from './subnet.ts'

it.each([
  ['10.211.0.0/24', 256, '10.211.0.1'],
  ['192.168.255.128/25', 128, '192.168.255.129'],
  ['255.255.255.252/30', 4, '255.255.255.253'],
  ['0.0.0.0/0', 2 ** 32, '0.0.0.1'],
])('reads %s', (text, size, gateway) => {
  const subnet = parseSubnet(text)
  expect(subnet?.size).toBe(size)
  expect(subnet && gatewayOf(subnet)).toBe(gateway)
})

it.each(['10.211.0.5/24', '10.256.0.0/16', '10.0.0.0/33', '10.0.0/24', 'net'])('refuses %s', (text) => {
  expect(parseSubnet(text)).toBeUndefined()
})

it('knows what is in it', () => {
  const subnet = parseSubnet('10.211.0.128/25') ?? { first: 0, size: 0 }
  const inside = ['10.211.0.127', '10.211.0.128', '10.211.0.255', '10.211.1.0', 'fd00::1'].filter((each) =>
    contains(subnet, each),
  )
  expect(inside).toEqual(['10.211.0.128', '10.211.0.255'])
})
