import { SyncStateSet } from '../../../runtime/replication/auto-switch/sync-state-set.ts'
import { CommandLine, idsText } from './command-line.ts'

const LAG_MAX_MS = 15_000

/** A master's SyncStateSet, steered by the lines of a script. The master is broker 1, its epoch begins at offset 0. */
export class PlayedSet {
  #set = new SyncStateSet(1, new Set([1]), 1, 0, 0, () => LAG_MAX_MS)
  #nowMs = 0
  #endOffset = 0
  #epochStart = 0

  async run(line: string): Promise<string> {
    const command = new CommandLine(line)
    this.#do(command)
    this.#set.advance(this.#endOffset)
    const wanted = this.#set.wanted(this.#endOffset, this.#nowMs)
    return `${line}: ${this.#set}${wanted ? `, wants ${idsText(wanted)}` : ''}`
  }

  #do(command: CommandLine): void {
    const set = this.#set
    switch (command.name) {
      case 'begin':
        this.#endOffset = command.named('end') ?? 0
        this.#epochStart = this.#endOffset
        this.#set = new SyncStateSet(
          1,
          command.ids(0),
          command.named('epoch') ?? 1,
          command.named('confirmed') ?? 0,
          this.#nowMs,
          () => LAG_MAX_MS,
        )
        return
      case 'write':
        this.#endOffset += command.number(0)
        return
      case 'connect':
        set.connected(command.number(0), command.has('learner'), this.#nowMs)
        return
      case 'close':
        set.disconnected(command.number(0))
        return
      case 'ack':
        set.acked(command.number(0), command.number(1), this.#endOffset, this.#epochStart, this.#nowMs)
        return
      case 'wait':
        this.#nowMs += command.number(0)
        set.keepHouse(this.#nowMs)
        return
      case 'ask':
        set.asked(command.ids(0))
        return
      case 'refuse':
        set.refused(command.named('epoch') ?? set.epoch)
        return
      case 'agree':
        set.agreed(command.ids(0), command.named('epoch') ?? set.epoch + 1, this.#nowMs)
        return
      default:
        throw new Error(`no command ${command.name}`)
    }
  }
}
