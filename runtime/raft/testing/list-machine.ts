import type { StateMachine } from '../consensus.ts'

/** A state machine that keeps every command; each answers with how many there are then. */
export class ListMachine implements StateMachine {
  commands: string[] = []
  restoreCount = 0

  apply(_index: number, command: Uint8Array): number {
    return this.commands.push(String(Buffer.from(command)))
  }

  snapshot(): Uint8Array {
    return Buffer.from(JSON.stringify(this.commands))
  }

  restore(bytes: Uint8Array): void {
    this.commands = JSON.parse(String(Buffer.from(bytes)))
    this.restoreCount++
  }
}
