/** Bits of Java's `RunningFlags`. */
const Bit = {
  notReadable: 1,
  notWriteable: 2,
  writeLogicsQueueError: 4,
  writeIndexFileError: 8,
  diskFull: 16,
  fenced: 32,
  logicDiskFull: 64,
} as const

export type RunningFlag = keyof typeof Bit

/** What the store may do at present. */
export class RunningFlags {
  #bits = 0

  get bits(): number {
    return this.#bits
  }

  has(flag: RunningFlag): boolean {
    return (this.#bits & Bit[flag]) !== 0
  }

  /** Returns whether that changed anything. */
  set(flag: RunningFlag, isSet: boolean): boolean {
    const before = this.#bits
    this.#bits = isSet ? before | Bit[flag] : before & ~Bit[flag]
    return this.#bits !== before
  }

  /** Names of what is set. */
  names(): RunningFlag[] {
    return (Object.keys(Bit) as RunningFlag[]).filter((flag) => this.has(flag))
  }

  get isReadable(): boolean {
    return (this.#bits & Bit.notReadable) === 0
  }

  /** Whether messages may be appended. */
  get isWriteable(): boolean {
    return (this.#bits & ~Bit.notReadable) === 0
  }
}
