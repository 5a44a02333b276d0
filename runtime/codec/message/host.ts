/*
 * A host in a record or a message id: 4 or 16 bytes of address, then int32 port.
 */

export const HOST_SIZE_V4 = 8
export const HOST_SIZE_V6 = 20

/** The 8 or 20 bytes of `ip:port`. An IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`) counts as IPv4. */
export function encodeHost(ip: string, port: number): Uint8Array {
  const address = parseIp(ip)
  const host = new Uint8Array(address.length + 4)
  host.set(address)
  new DataView(host.buffer).setInt32(address.length, port)
  return host
}

/** `10.0.0.1:10911`; IPv6 in brackets: `[fd00:0:0:0:0:0:0:1]:10911`. */
export function decodeHost(bytes: Uint8Array, start: number, length: number): string {
  const ip = decodeIp(bytes, start, length - 4)
  const port = decodePort(bytes, start, length)
  return length === HOST_SIZE_V4 ? `${ip}:${port}` : `[${ip}]:${port}`
}

/** Address text as Java's `InetAddress.getHostAddress` prints it: IPv6 groups in full, without leading zeros. */
export function decodeIp(bytes: Uint8Array, start: number, length: number): string {
  if (length === 4) return `${bytes[start]}.${bytes[start + 1]}.${bytes[start + 2]}.${bytes[start + 3]}`
  const groups: string[] = []
  for (let at = start; at < start + 16; at += 2) groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16))
  return groups.join(':')
}

function decodePort(bytes: Uint8Array, start: number, length: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + start, length).getInt32(length - 4)
}

/** The 4 or 16 bytes of an address; throws for text that is none. */
export function parseIp(ip: string): Uint8Array {
  const text = /^::ffff:\d+\./i.test(ip) ? ip.slice(7) : ip
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text)
  if (bytes === undefined) throw new Error(`not an IP address: '${ip}'`)
  return bytes
}

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return Uint8Array.from(parts, Number)
}

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.replace(/%.*$/, '').split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return Uint8Array.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]))
}
