import type { Peer } from '../../runtime/raft/consensus.ts'
import type { Message } from '../../runtime/raft/message.ts'
import { raftSettings } from '../../runtime/raft/raft-settings.ts'
import type { Refusal } from '../../runtime/raft/refusal.ts'
import { RaftMember } from './raft-member.ts'
import { entryText, hardText, idText, membershipText, messageText } from './raft-text.ts'
import type { Command, ScriptWorld } from './scripts.ts'

const ROUNDS_MAX = 200

/** A Raft group in a script. README.md lists the commands. */
export class RaftWorld implements ScriptWorld {
  readonly #members = new Map<string, RaftMember>()
  #peers: Peer[] = []
  #settings: Readonly<Record<string, string>> = {}
  #inFlight: Message[] = []
  /** On a slower way. */
  #held: Message[] = []
  #lines: string[] = []
  #isQuiet = false

  run(command: Command): string {
    // For what leads up to the point of a script.
    this.#isQuiet = command.args.at(-1) === 'quietly'
    const args = this.#isQuiet ? command.args.slice(0, -1) : command.args
    const run = this.#commands({ ...command, args })[command.name]
    if (run === undefined) throw new Error(`no command ${command.name}`)
    this.#lines = []
    run()
    return this.#lines.join('\n')
  }

  #commands(command: Command): Record<string, () => void> {
    const [id, second] = command.args as [string, string]
    const nowMs = () => this.#member(id).nowMs
    return {
      group: () => this.#group(command),
      join: () => this.#join(id),
      tick: () => this.#tick(id, Number(second)),
      ready: () => this.#process(this.#member(id)),
      durable: () => this.#member(id).finishWrite(),
      deliver: () => this.#deliver(command.args),
      drop: () => this.#drop(command),
      hold: () => this.#hold(command),
      release: () => this.#inFlight.push(...this.#held.splice(0)),
      stabilize: () => this.#stabilize(command.args),
      propose: () => this.#answer(this.#node(id).propose(Buffer.from(second))),
      read: () => this.#answer(this.#node(id).read(Number(second), nowMs())),
      'hand-over': () => this.#answer(this.#node(id).handOver(second, nowMs())),
      add: () => this.#answer(this.#node(id).changeMembers({ kind: 'add', peer: peerOf(second) })),
      remove: () => this.#answer(this.#node(id).changeMembers({ kind: 'remove', id: second })),
      gone: () => this.#node(id).peerGone(second, nowMs()),
      crash: () => this.#member(id).crash(),
      restart: () => this.#member(id).start(),
      damage: () => this.#member(id).damage(Number(second), command.args[2] !== 'end-unknown'),
      wipe: () => this.#member(id).wipe(Number(second)),
      snapshot: () => this.#member(id).takeSnapshot(Number(second)),
      'spoil-snapshot': () => this.#member(id).snapshot!.bytes.fill('?'),
      status: () => this.#status(),
      log: () => this.#log(id),
    }
  }

  #print(line: string): void {
    if (!this.#isQuiet) this.#lines.push(line)
  }

  #member(id: string): RaftMember {
    const member = this.#members.get(id)
    if (member === undefined) throw new Error(`no member ${id}`)
    return member
  }

  #node(id: string) {
    return this.#member(id).node
  }

  /** `leader=n0`: founded, with this leader, which has just sent a heartbeat. Other options are settings. */
  #group({ args, options }: Command): void {
    const ids = Array.from({ length: Number(args[0]) }, (_, i) => `n${i}`)
    const { leader, ...settings } = Object.fromEntries(options)
    this.#peers = ids.map(peerOf)
    this.#settings = settings
    for (const [i, id] of ids.entries()) this.#addMember(id, 100 + i)
    if (leader === undefined) return
    this.#isQuiet = true
    this.#tick(leader, 500)
    this.#stabilize([])
    this.#tick('all', 100)
    this.#stabilize([])
  }

  #join(id: string): void {
    this.#peers = [...this.#peers, peerOf(id)]
    this.#addMember(id, 100 + Number(id.slice(1)))
  }

  #addMember(id: string, store: number): void {
    const numbers = Object.entries(this.#settings).map(([name, value]) => [name, Number(value)])
    const settings = raftSettings(Object.fromEntries(numbers))
    this.#members.set(id, new RaftMember(id, store, this.#peers, settings, (line) => this.#print(line)))
  }

  #tick(id: string, ms: number): void {
    for (const member of id === 'all' ? this.#members.values() : [this.#member(id)]) {
      member.nowMs += ms
      if (member.isUp) member.node.tick(member.nowMs)
    }
  }

  #process(member: RaftMember): boolean {
    const messages = member.isUp ? member.process() : undefined
    if (messages === undefined) return false
    this.#inFlight.push(...messages)
    return true
  }

  /** Only what is on its way now; answers stay for the next time. */
  #deliver(ids: readonly string[]): boolean {
    const isMeant = ({ to }: Message) => ids.length === 0 || ids.includes(to)
    const messages = this.#inFlight.filter(isMeant)
    this.#inFlight = this.#inFlight.filter((message) => !isMeant(message))
    for (const message of messages) {
      const member = this.#members.get(message.to)
      if (!member?.isUp) continue
      this.#print(`deliver ${messageText(message)}`)
      member.node.step(message, member.nowMs)
    }
    return messages.length > 0
  }

  #drop(command: Command): void {
    for (const message of this.#takeOut(command)) this.#print(`drop ${messageText(message)}`)
  }

  #hold(command: Command): void {
    const messages = this.#takeOut(command)
    for (const message of messages) this.#print(`hold ${messageText(message)}`)
    this.#held.push(...messages)
  }

  #takeOut({ args, options }: Command): Message[] {
    const isMeant = ({ from, to, kind }: Message) =>
      (options.get('from') ?? from) === from &&
      (options.get('to') ?? to) === to &&
      (args.length === 0 || args.includes(kind))
    const messages = this.#inFlight.filter(isMeant)
    this.#inFlight = this.#inFlight.filter((message) => !isMeant(message))
    return messages
  }

  /** Everything that follows from what has happened, among these members; what they send to others is lost. */
  #stabilize(ids: readonly string[]): void {
    const isHere = (id: string) => ids.length === 0 || ids.includes(id)
    const members = [...this.#members.values()].filter(({ id }) => isHere(id))
    for (let round = 0; round < ROUNDS_MAX; round++) {
      if (this.#work(members)) continue
      this.#inFlight = this.#inFlight.filter(({ from, to }) => !isHere(from) || isHere(to))
      if (!this.#deliver(members.map(({ id }) => id))) return
    }
    throw new Error(`no end in ${ROUNDS_MAX} rounds`)
  }

  /** Returns whether anything was to be done. */
  #work(members: readonly RaftMember[]): boolean {
    let isBusy = false
    for (const member of members) while (this.#process(member)) isBusy = true
    for (const member of members) {
      while (member.hasWrites) {
        member.finishWrite()
        isBusy = true
      }
    }
    return isBusy
  }

  #answer(answer: Refusal | { readonly index: number; readonly term: number } | undefined): void {
    if (answer === undefined) return
    if ('code' in answer) this.#lines.push(`${answer.code}: ${answer.text}`)
    else this.#print(`appended ${idText(answer)}`)
  }

  #status(): void {
    for (const { id, node, isUp, applied } of this.#members.values()) {
      if (!isUp) {
        this.#lines.push(`${id} is down`)
        continue
      }
      const { log } = node
      const indexes = `commit=${log.commit} last=${idText(log.last)}`
      this.#lines.push(
        `${id} ${node.role} leader=${node.leaderId ?? 'none'} ${hardText(node.hard)} ${indexes} "${applied}"`,
      )
      if (node.role !== 'leader') continue
      for (const member of node.membership.members) {
        if (member.id !== id) this.#lines.push(`  ${member.id} ${node.progressOf(member.id)}`)
      }
    }
  }

  #log(id: string): void {
    const { log, membership } = this.#node(id)
    this.#lines.push(`behind ${idText(log.base)}, members ${membershipText(membership)}`)
    this.#lines.push(...log.slice(log.base.index + 1, Number.MAX_SAFE_INTEGER).map(entryText))
  }
}

function peerOf(id: string): Peer {
  return { id, address: `${id}:9878` }
}
