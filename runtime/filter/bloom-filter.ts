import { murmur3First64 } from './murmur3.ts'

/** Where a consumer stands in the filter's bits (Java's BloomFilterData, a part of config/consumerFilter.json). */
export interface BloomPositions {
  readonly bitNum: number
  readonly bitPos: Int32Array
}

/**
 * The Bloom filter of Apache RocketMQ's consume queue extension: which bits stand for a consumer. This engine writes no
 * extension, but a broker that does and opens its files recognises consumers by these.
 */
export class BloomFilter {
  readonly #hashes: number
  readonly #bits: number

  /** @param errorPercent maxErrorRateOfBloomFilter, 1 to 99 @param consumers expectConsumerNumUseFilter, from 1 */
  constructor(errorPercent: number, consumers: number) {
    const errorRate = errorPercent / 100
    this.#hashes = Math.ceil(logarithm(0.5, errorRate))
    const bits = Math.ceil(consumers * logarithm(2, 1 / errorRate) * logarithm(2, Math.E))
    this.#bits = 8 * Math.ceil(bits / 8)
  }

  positions(text: string): BloomPositions {
    const hash = murmur3First64(Buffer.from(text))
    const first = Number(BigInt.asIntN(32, hash))
    const second = Number(BigInt.asIntN(32, hash >> 32n))
    const bitPos = new Int32Array(this.#hashes)
    for (let i = 1; i <= this.#hashes; i++) {
      const combined = (first + Math.imul(i, second)) | 0
      bitPos[i - 1] = (combined < 0 ? ~combined : combined) % this.#bits
    }
    return { bitNum: this.#bits, bitPos }
  }
}

function logarithm(base: number, value: number): number {
  return Math.log(value) / Math.log(base)
}
