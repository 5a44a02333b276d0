const WORD_BITS = 32
const INITIAL_WORDS = 64
/** A quarter of a gigabyte of marks at most: two billion offsets beyond the first. */
const WORDS_MAX = 1 << 26

/** A set of queue offsets that are not below `base`, a bit for each. It moves up: what falls below `base` is forgotten. */
export class OffsetWindow {
  #base: number
  /** The offset of the first bit: `base`, or less by up to a word. */
  #first: number
  #words = new Uint32Array(INITIAL_WORDS)

  constructor(base: number) {
    this.#base = base
    this.#first = base
  }

  get base(): number {
    return this.#base
  }

  has(offset: number): boolean {
    const bit = offset - this.#first
    if (offset < this.#base || bit >= this.#words.length * WORD_BITS) return false
    return (this.#words[Math.floor(bit / WORD_BITS)]! & (1 << (bit % WORD_BITS))) !== 0
  }

  /** False when the offset lies below the window or too far above it to be kept. */
  add(offset: number): boolean {
    if (offset < this.#base) return false
    const bit = offset - this.#first
    const word = Math.floor(bit / WORD_BITS)
    if (word >= WORDS_MAX) return false
    if (word >= this.#words.length) this.#grow(word + 1)
    this.#words[word] = this.#words[word]! | (1 << (bit % WORD_BITS))
    return true
  }

  delete(offset: number): void {
    if (!this.has(offset)) return
    const bit = offset - this.#first
    const word = Math.floor(bit / WORD_BITS)
    this.#words[word] = this.#words[word]! & ~(1 << (bit % WORD_BITS))
  }

  /** The first offset from `from` on that is not in the set. */
  firstMissing(from: number): number {
    let offset = Math.max(from, this.#base)
    for (;;) {
      const bit = offset - this.#first
      const word = Math.floor(bit / WORD_BITS)
      if (word >= this.#words.length) return offset
      // Whole words of marks are passed over at once.
      if (bit % WORD_BITS === 0 && this.#words[word] === 0xffff_ffff) offset += WORD_BITS
      else if ((this.#words[word]! & (1 << (bit % WORD_BITS))) !== 0) offset++
      else return offset
    }
  }

  /** Forgets what lies below `base`, which only grows. */
  moveTo(base: number): void {
    if (base <= this.#base) return
    this.#base = base
    const words = Math.floor((base - this.#first) / WORD_BITS)
    // Moving costs as much as what stays: it waits until that is at most half.
    if (words * 2 < this.#words.length) return
    const kept = this.#words.subarray(Math.min(words, this.#words.length))
    const smaller = kept.length * 2 < this.#words.length && this.#words.length > INITIAL_WORDS
    const to = smaller ? new Uint32Array(Math.max(INITIAL_WORDS, kept.length * 2)) : this.#words
    to.set(kept)
    to.fill(0, kept.length)
    this.#words = to
    this.#first += words * WORD_BITS
  }

  #grow(words: number): void {
    const larger = new Uint32Array(Math.min(WORDS_MAX, Math.max(words, this.#words.length * 2)))
    larger.set(this.#words)
    this.#words = larger
  }
}
