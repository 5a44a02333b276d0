/** An IPv4 network as `address/bits` writes it. */
export interface Subnet {
  /** The first address: the network's own. */
  readonly first: number
  readonly size: number
}

const addressPattern = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
const addressBits = 32

const numberOf = (address: string): number | undefined => {
  const parts = addressPattern.exec(address)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

const textOf = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')

/** Undefined for a text that is no network, or names an address within one. */
export const parseSubnet = (text: string): Subnet | undefined => {
  const [address = '', bitsText = ''] = text.split('/')
  const [first, bits] = [numberOf(address), Number(bitsText)]
  if (first === undefined || bits > addressBits) return undefined
  const size = 2 ** (addressBits - bits)
  return first % size === 0 ? { first, size } : undefined
}

/** The first host address: what Docker gives its own end of a network unless told otherwise. */
export const gatewayOf = ({ first }: Subnet): string => textOf(first + 1)

export const contains = ({ first, size }: Subnet, address: string): boolean => {
  const value = numberOf(address)
  return value !== undefined && value >= first && value < first + size
}
