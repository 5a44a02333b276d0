import { javaHashCode } from '../bytes.ts'

/*
 * Which queue a message group or a lite topic belongs to: Guava's Hashing.consistentHash ("jump" consistent hashing) over Java's hash of
 * its name, so that producers of all proxies, and brokers, agree. Its generator multiplies 64-bit numbers; here they are two halves.
 */

const MULTIPLIER_HIGH = 0x27bb2ee6
const MULTIPLIER_LOW = 0x87b0b0fd

export function queueByHash(name: string, queueCount: number): number {
  const hash = javaHashCode(name)
  let low = hash >>> 0
  let high = hash < 0 ? 0xffff_ffff : 0
  let candidate = 0
  for (;;) {
    const product = multiplyLow(low, MULTIPLIER_LOW)
    high = (product.high + Math.imul(high, MULTIPLIER_LOW) + Math.imul(low, MULTIPLIER_HIGH)) >>> 0
    low = product.low + 1
    if (low > 0xffff_ffff) {
      low = 0
      high = (high + 1) >>> 0
    }
    const fraction = ((high >>> 1) + 1) / 2 ** 31
    const next = Math.trunc((candidate + 1) / fraction)
    if (next < 0 || next >= queueCount) return candidate
    candidate = next
  }
}

/** The product of two unsigned 32-bit numbers in two halves. */
function multiplyLow(a: number, b: number): { high: number; low: number } {
  const [a0, a1] = [a & 0xffff, a >>> 16]
  const [b0, b1] = [b & 0xffff, b >>> 16]
  const lowest = a0 * b0
  const middle = a1 * b0 + (lowest >>> 16)
  const upper = a0 * b1 + (middle % 0x10000)
  return {
    low: (((upper % 0x10000) << 16) | (lowest & 0xffff)) >>> 0,
    high: (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(upper / 0x10000)) >>> 0,
  }
}
