import type { MembershipChange } from '../../../runtime/raft/consensus.ts'
import type { Message, MessageKind } from '../../../runtime/raft/message.ts'
import type { CrashKind } from '../sim-disk.ts'
import { DiskFaults } from './disk-faults.ts'
import { Links } from './links.ts'
import { Plots } from './plots.ts'
import { peerOf, type RaftSim } from './raft-sim.ts'
import { SimMember } from './sim-member.ts'

const CRASHES: readonly CrashKind[] = ['process', 'power', 'power-worst']
const FATEFUL: readonly MessageKind[] = ['vote', 'voteAnswer', 'append', 'appendAnswer', 'preVoteAnswer', 'takeOver']
const MEMBERS_MAX = 5

/** What goes wrong in one life of a group, and how much of it. */
export class RaftFaults {
  readonly #sim: RaftSim
  readonly links: Links
  readonly #disks: DiskFaults
  readonly #plots: Plots
  #isOver = false
  #nextId = 10
  /** A member that crashes as soon as it has sent such a message. */
  #doomed: { readonly id: string; readonly kind: MessageKind } | undefined
  /** Between two disturbances, at most. */
  readonly #everyMs: number

  constructor(sim: RaftSim) {
    this.#sim = sim
    this.links = new Links(sim.random)
    this.#disks = new DiskFaults(sim)
    this.#plots = new Plots(sim, this.links, this.#disks)
    this.#everyMs = [350, 200, 80][sim.random.below(3)]!
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
    this.#plots.end()
    this.links.calm()
    for (const member of this.#sim.members.values()) if (!member.isUp) member.start()
  }

  #disturb(): void {
    if (this.#isOver) return
    this.#disks.look()
    // A plot is a chain; whatever else happens at the same time mostly spoils it.
    if (this.#plots.areUnderWay) return
    const { random } = this.#sim
    const dice = random.below(100)
    // Whoever leads is in the thick of it.
    const member = (random.below(3) === 0 ? this.#sim.leader : undefined) ?? this.#any()
    if (dice < 12) this.#doom(member)
    else if (dice < 20) this.#crashOrStart(member)
    else if (dice < 30) this.#cutOff(member)
    else if (dice < 42) this.#heal()
    else if (dice < 48) member.pause(50 + random.below(900))
    else if (dice < 55) this.#handOver()
    else if (dice < 60) member.gone(this.#any().id)
    else if (dice < 66) this.#failDisk(member)
    else if (dice < 74) this.#changeMembers()
    else if (dice < 90) this.#plots.begin()
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

  sent(message: Message): void {
    this.#plots.sent(message)
    const { from, kind } = message
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
    // Whether it is seen at once, or only by what does not come any more.
    if (random.below(2) === 0) this.#sim.connectionsEnd(member)
    for (const { id } of members.values()) {
      for (const inside of side) {
        if (side.has(id)) continue
        if (ways !== 1) this.links.cut(inside, id)
        if (ways !== 2) this.links.cut(id, inside)
      }
    }
    trace(`cut off: ${[...side].join(', ')} (${['both ways', 'hears nothing', 'is not heard'][ways]})`)
  }

  #heal(): void {
    if (this.links.isWhole) return
    this.links.mendAll()
    this.#sim.trace('all links work')
  }

  #handOver(): void {
    const to = this.#any().id
    this.#sim.leader?.group?.transferLeadership(to, (error) => {
      this.#sim.trace(`handover to ${to}: ${error?.message ?? 'done'}`)
    })
  }

  #failDisk(member: SimMember): void {
    if (!this.#disks.mayImpair(member)) return
    if (this.#sim.random.below(2) === 0) this.#disks.damage(member)
    else this.#disks.wipe(member)
  }

  #changeMembers(): void {
    const { random, leader } = this.#sim
    const membership = leader?.group?.node?.membership
    if (membership === undefined || !this.#disks.areWhole(membership)) return
    const { members } = membership
    if (members.length < MEMBERS_MAX && random.below(2) === 0) this.#add()
    else if (members.length > 2) this.#change({ kind: 'remove', id: members[random.below(members.length)]!.id })
    else this.#add()
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
    this.#disks.membersChange()
    this.#sim.leader!.group!.changeMembers(change, (error) => {
      this.#sim.trace(`${change.kind} ${id}: ${error?.message ?? 'done'}`)
    })
  }
}
