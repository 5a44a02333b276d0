import type { MembershipChange } from '../../../runtime/raft/consensus.ts'
import type { Message, MessageKind } from '../../../runtime/raft/message.ts'
import type { CrashKind } from '../sim-disk.ts'
import { peerOf, type RaftSim } from './raft-sim.ts'
import { SimMember } from './sim-member.ts'

const CRASHES: readonly CrashKind[] = ['process', 'power', 'power-worst']
const FATEFUL: readonly MessageKind[] = ['vote', 'voteAnswer', 'append', 'appendAnswer', 'preVoteAnswer', 'takeOver']
const MEMBERS_MAX = 5

/** What goes wrong in one life of a group, and how much of it. */
export class RaftFaults {
  readonly #sim: RaftSim
  /** In percent. */
  #lossRate: number
  #doubleRate: number
  #lateRate: number
  /** Directed links that carry nothing. */
  readonly #cut = new Set<string>()
  #isOver = false
  /** Members that were seen to count and to know the same members as the leader, and whose disks are well since. */
  readonly #whole = new Set<string>()
  #nextId = 10
  /** A member that crashes as soon as it has sent such a message. */
  #doomed: { readonly id: string; readonly kind: MessageKind } | undefined
  /** Between two disturbances, at most. */
  readonly #everyMs: number

  constructor(sim: RaftSim) {
    this.#sim = sim
    const { random } = sim
    this.#lossRate = [0, 1, 10][random.below(3)]!
    this.#doubleRate = [0, 5][random.below(2)]!
    this.#lateRate = [0, 2, 10][random.below(3)]!
    this.#everyMs = [350, 200, 80][random.below(3)]!
  }

  begin(endMs: number): void {
    const { queue, random } = this.#sim
    const next = (): void => {
      if (queue.nowMs >= endMs) return
      this.#disturb()
      queue.after(random.below(this.#everyMs), next)
    }
    queue.after(random.below(1500), next)
  }

  /** Everything heals. */
  end(): void {
    this.#isOver = true
    this.#doomed = undefined
    this.#cut.clear()
    this.#lossRate = this.#doubleRate = this.#lateRate = 0
    for (const member of this.#sim.members.values()) if (!member.isUp) member.start()
  }

  /** When a message arrives: once, never, or more than once. */
  delaysOf(from: string, to: string): number[] {
    const { random } = this.#sim
    if (this.#cut.has(`${from}>${to}`) || random.below(100) < this.#lossRate) return []
    const delay = () => (random.below(100) < this.#lateRate ? random.below(600) : 1 + random.below(6))
    return random.below(100) < this.#doubleRate ? [delay(), delay()] : [delay()]
  }

  #disturb(): void {
    if (this.#isOver) return
    this.#noteWhole()
    const dice = this.#sim.random.below(100)
    // Whoever leads is in the thick of it.
    const member = (this.#sim.random.below(3) === 0 ? this.#sim.leader : undefined) ?? this.#any()
    if (dice < 14) this.#doom(member)
    else if (dice < 22) this.#crashOrStart(member)
    else if (dice < 34) this.#cutOff(member)
    else if (dice < 46) this.#heal()
    else if (dice < 52) member.pause(50 + this.#sim.random.below(900))
    else if (dice < 60) this.#handOver()
    else if (dice < 66) member.gone(this.#any().id)
    else if (dice < 72) this.#damage(member)
    else if (dice < 76) this.#wipe(member)
    else if (dice < 84) this.#changeMembers()
    else this.#startOne()
  }

  #any(): SimMember {
    const all = [...this.#sim.members.values()]
    return all[this.#sim.random.below(all.length)]!
  }

  #crashOrStart(member: SimMember): void {
    const { random } = this.#sim
    if (member.isUp) this.#sim.crash(member, CRASHES[random.below(CRASHES.length)]!)
    else member.start()
  }

  /** In the moment in which it matters most what is durable. */
  #doom({ id }: SimMember): void {
    this.#doomed = { id, kind: FATEFUL[this.#sim.random.below(FATEFUL.length)]! }
  }

  sent(from: string, { kind }: Message): void {
    if (this.#doomed?.id !== from || this.#doomed.kind !== kind) return
    this.#doomed = undefined
    const { queue, random } = this.#sim
    const member = this.#sim.members.get(from)!
    queue.after(random.below(3), () => {
      if (!member.isUp || this.#isOver) return
      this.#sim.crash(member, 'power-worst')
      queue.after(random.below(100), () => member.isUp || member.start())
    })
  }

  #startOne(): void {
    const down = [...this.#sim.members.values()].filter(({ isUp }) => !isUp)
    if (down.length > 0) down[this.#sim.random.below(down.length)]!.start()
  }

  /** One member, or two, against the others; one way or both. */
  #cutOff(member: SimMember): void {
    const { random, members, trace } = this.#sim
    const side = new Set([member.id, ...(random.below(3) === 0 ? [this.#any().id] : [])])
    const ways = random.below(3)
    for (const { id } of members.values()) {
      for (const inside of side) {
        if (side.has(id)) continue
        if (ways !== 1) this.#cut.add(`${inside}>${id}`)
        if (ways !== 2) this.#cut.add(`${id}>${inside}`)
      }
    }
    if (random.below(2) === 0) this.#sim.connectionsEnd(member)
    trace(`cut off: ${[...side].join(', ')} (${['both ways', 'hears nothing', 'is not heard'][ways]})`)
  }

  #heal(): void {
    if (this.#cut.size === 0) return
    this.#cut.clear()
    this.#sim.trace('all links work')
  }

  #handOver(): void {
    const to = this.#any().id
    this.#sim.leader?.group?.transferLeadership(to, (error) => {
      this.#sim.trace(`handover to ${to}: ${error?.message ?? 'done'}`)
    })
  }

  /** As many disks may fail as the group bears: a majority of the voters stays whole. */
  #mayImpair(member: SimMember): boolean {
    const leader = this.#sim.leader?.group?.node
    if (leader === undefined || leader.log.membershipIndex > leader.log.commit) return false
    const voters = leader.membership.members.filter(({ isVoter }) => isVoter)
    if (!voters.some(({ id }) => id === member.id) || leader.membership.members.length > voters.length) return false
    const impaired = voters.filter(({ id }) => id === member.id || !this.#whole.has(id))
    if (impaired.length > Math.floor((voters.length - 1) / 2)) return false
    this.#whole.delete(member.id)
    return true
  }

  #noteWhole(): void {
    const group = this.#sim.leader?.group?.node
    if (group === undefined) return
    for (const [id, { group: own }] of this.#sim.members) {
      const node = own?.node
      if (node === undefined) continue
      const member = group.membership.members.find((one) => one.id === id)
      const isCounted = member?.isVoter === true && member.store === node.hard.store && node.hard.lost === undefined
      // One that has a change of the members in its log that is not agreed on goes by that.
      const isAgreed =
        node.log.membershipIndex === group.log.membershipIndex && node.log.membershipIndex <= node.log.commit
      if (isCounted && isAgreed) this.#whole.add(id)
      else this.#whole.delete(id)
    }
  }

  #damage(member: SimMember): void {
    const { random, trace } = this.#sim
    if (!this.#mayImpair(member)) return
    if (member.isUp) this.#sim.crash(member, 'process')
    const { disk } = member
    const folder = ['log', 'log', 'log', 'snapshot'][random.below(4)]!
    const names = disk.list(`/raft/${folder}`)
    const path =
      random.below(6) === 0 ? `/raft/state-${random.below(2)}` : `/raft/${folder}/${names[random.below(names.length)]}`
    if (disk.stat(path) === undefined || disk.stat(path)!.sizeBytes === 0) return
    const byte = random.below(disk.stat(path)!.sizeBytes)
    const file = disk.open(path, 'write')
    const one = Buffer.alloc(1)
    file.read(one, 0, 1, byte)
    one[0]! ^= 1 << random.below(8)
    file.write(one, 0, 1, byte)
    file.close()
    trace(`damage: ${member.id} ${path} at byte ${byte}`)
  }

  #wipe(member: SimMember): void {
    if (!this.#mayImpair(member)) return
    const { peers } = this.#sim.leader!.group!
    if (member.isUp) this.#sim.crash(member, 'process')
    // Whoever has grown a group writes its members into the configuration, or an emptied member founds a group of its own.
    member.peers = peers
    member.wipe()
  }

  #changeMembers(): void {
    const { random, leader, members } = this.#sim
    const node = leader?.group?.node
    const { members: now } = node?.membership ?? { members: [] }
    if (now.length === 0 || now.some(({ id }) => !this.#whole.has(id))) return
    if (now.length < MEMBERS_MAX && random.below(2) === 0) this.#add()
    else if (now.length > 2) this.#change({ kind: 'remove', id: now[random.below(now.length)]!.id })
    else if (members.size < MEMBERS_MAX) this.#add()
  }

  #add(): void {
    const { leader, members } = this.#sim
    const peer = peerOf(`n${this.#nextId++}`)
    const peers = [...leader!.group!.peers, peer]
    const member = new SimMember(peer.id, peers, this.#sim)
    members.set(peer.id, member)
    member.start()
    this.#change({ kind: 'add', peer })
  }

  #change(change: MembershipChange): void {
    const { id } = change.kind === 'add' ? change.peer : change
    // The group bears less until it is known by everybody.
    this.#whole.clear()
    this.#sim.leader!.group!.changeMembers(change, (error) => {
      this.#sim.trace(`${change.kind} ${id}: ${error?.message ?? 'done'}`)
    })
  }
}
