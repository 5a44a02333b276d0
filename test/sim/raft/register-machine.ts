import type { StateMachine } from '../../../runtime/raft/consensus.ts'

/** Told what the state machine of one member does. */
export interface ApplyObserver {
  applied(index: number, command: string, version: number): void
  restored(version: number, digest: number): void
}

/**
 * A register: a command writes its text. The version counts writes, so that two answers can be put in order. The digest
 * stands for everything that was ever written.
 */
export class RegisterMachine implements StateMachine {
  readonly #observer: ApplyObserver
  version = 0
  value = ''
  digest = 0

  constructor(observer: ApplyObserver) {
    this.#observer = observer
  }

  apply(index: number, command: Uint8Array): number {
    this.value = String(Buffer.from(command))
    this.version++
    this.digest = digestOf(this.digest, this.value)
    this.#observer.applied(index, this.value, this.version)
    return this.version
  }

  snapshot(): Uint8Array {
    // Long enough to need several pieces.
    return Buffer.from(
      JSON.stringify({ version: this.version, value: this.value, digest: this.digest, fill: 'x'.repeat(300) }),
    )
  }

  restore(bytes: Uint8Array): void {
    const { version, value, digest } = JSON.parse(String(Buffer.from(bytes)))
    this.version = version
    this.value = value
    this.digest = digest
    this.#observer.restored(version, digest)
  }
}

export function digestOf(digest: number, text: string): number {
  let hash = digest
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return (Math.imul(hash, 31) + 1) | 0
}
