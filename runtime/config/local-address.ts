/** One address of one network interface, as the operating system lists them. */
export interface InterfaceAddress {
  /** Name of the interface, e.g. eth0. */
  readonly name: string
  readonly address: string
  readonly family: 'IPv4' | 'IPv6'
  /** A bridge or a point-to-point link (VPN): nothing that other machines reach this one by. */
  readonly unsuitable: boolean
}

/**
 * The address a broker announces unless brokerIP1 says otherwise, by the rule of Apache RocketMQ 5.5
 * (NetworkUtil.getLocalAddress): IPv4 before IPv6, public before private, never a bridge, a point-to-point link, an
 * alias or a loopback address. An IPv6 address comes in brackets.
 *
 * Java lists interfaces, and addresses within one, in the reverse order of the system, and of several private IPv4
 * addresses the rule takes Java's last: the system's first.
 *
 * @returns undefined if there is no such address
 */
export function localAddress(addresses: readonly InterfaceAddress[]): string | undefined {
  const suitable = addresses.filter((it) => !it.unsuitable && !it.name.includes(':') && !isLoopback(it)).toReversed()
  const v4 = suitable.filter((it) => it.family === 'IPv4').map((it) => it.address)
  if (v4.length > 0) return v4.find((address) => !isPrivateV4(address)) ?? v4.at(-1)
  const v6 = suitable.filter((it) => it.family === 'IPv6').map((it) => it.address)
  const chosen = v6.find((address) => !isLocalV6(address)) ?? v6[0]
  return chosen === undefined ? undefined : `[${chosen}]`
}

function isLoopback({ family, address }: InterfaceAddress): boolean {
  return family === 'IPv4' ? address.startsWith('127.') : address === '::1'
}

/** 10/8, 172.16/12 and 192.168/16. */
function isPrivateV4(address: string): boolean {
  return /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(address)
}

/** Link-local fe80::/10 and site-local fec0::/10. */
function isLocalV6(address: string): boolean {
  return /^fe[89a-f][0-9a-f]:/i.test(address)
}
