import { expect, test } from 'vitest'
import { type InterfaceAddress, localAddress } from './local-address.ts'

function at(name: string, address: string, unsuitable = false): InterfaceAddress {
  return { name, address, family: address.includes(':') ? 'IPv6' : 'IPv4', unsuitable }
}

test.each<[string, InterfaceAddress[], string | undefined]>([
  ['nothing but loopback', [at('lo', '127.0.0.1'), at('lo', '::1')], undefined],
  ['one private address', [at('lo', '127.0.0.1'), at('eth0', '10.0.0.5')], '10.0.0.5'],
  ['public before private', [at('eth0', '10.0.0.5'), at('eth1', '203.0.113.7')], '203.0.113.7'],
  ["Java's last private one, the system's first", [at('eth0', '10.0.0.5'), at('eth1', '192.168.1.5')], '10.0.0.5'],
  [
    "Java's first public one, the system's last",
    [at('eth0', '198.51.100.1'), at('eth1', '203.0.113.7')],
    '203.0.113.7',
  ],
  ['172.32 is public', [at('eth0', '172.31.0.1'), at('eth1', '172.32.0.1')], '172.32.0.1'],
  ['no bridge', [at('docker0', '172.17.0.1', true), at('eth0', '10.0.0.5')], '10.0.0.5'],
  ['no bridge, even if public', [at('br0', '203.0.113.7', true), at('eth0', '10.0.0.5')], '10.0.0.5'],
  ['no alias', [at('eth0', '10.0.0.5'), at('eth0:1', '203.0.113.7')], '10.0.0.5'],
  ['IPv4 before IPv6', [at('eth0', '2001:db8::1'), at('eth0', '10.0.0.5')], '10.0.0.5'],
  ['global IPv6 before link-local', [at('eth0', '2001:db8::1'), at('eth0', 'fe80::1')], '[2001:db8::1]'],
  ['link-local IPv6 if there is no other', [at('lo', '::1'), at('eth0', 'fe80::1')], '[fe80::1]'],
])('%s', (_, addresses, expected) => {
  expect(localAddress(addresses)).toBe(expected)
})
