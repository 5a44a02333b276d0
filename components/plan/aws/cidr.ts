/** A range of IPv4 addresses: those whose first `prefix` bits are those of `base`. */
export interface Cidr {
  /** The first address, as a number below 2^32. */
  readonly base: number
  readonly prefix: number
}

const pattern = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

/** @returns undefined when the text is no IPv4 address. */
export function parseAddress(text: string): number | undefined {
  const octets = pattern.exec(text)?.slice(1).map(Number)
  if (octets === undefined || octets.some((octet) => octet > 255)) return undefined
  return octets.reduce((value, octet) => value * 256 + octet, 0)
}

export const formatAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')

/** How many addresses a range has. */
export const sizeOf = ({ prefix }: Pick<Cidr, 'prefix'>): number => 2 ** (32 - prefix)

/** @returns undefined when the text is no range such as 10.0.0.0/16, or its address is not the first of it. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,2})$/.exec(text) ?? []
  const base = parseAddress(address)
  const prefix = Number(digits)
  if (base === undefined || digits === '' || prefix > 32) return undefined
  return base % sizeOf({ prefix }) === 0 ? { base, prefix } : undefined
}

export const formatCidr = ({ base, prefix }: Cidr): string => `${formatAddress(base)}/${prefix}`

export const contains = (range: Cidr, address: number): boolean =>
  address >= range.base && address < range.base + sizeOf(range)

export const overlap = (a: Cidr, b: Cidr): boolean => contains(a, b.base) || contains(b, a.base)

/** How many ranges of that prefix fit in. */
export const partCount = (range: Cidr, prefix: number): number =>
  prefix < range.prefix ? 0 : 2 ** (prefix - range.prefix)

/** The part of a range with that prefix and index. */
export function partOf(range: Cidr, prefix: number, index: number): Cidr {
  if (index < 0 || index >= partCount(range, prefix)) {
    throw new RangeError(`${formatCidr(range)} has no part ${index} of /${prefix}`)
  }
  return { base: range.base + index * sizeOf({ prefix }), prefix }
}
