import type { Membership } from '../../../runtime/raft/membership.ts'
import type { RaftSim } from './raft-sim.ts'
import type { SimMember } from './sim-member.ts'

/** As durable-mark.ts lays it out. */
const MARK = '/raft/durable'
const MARK_SLOTS = [0, 512]
const MARK_BYTES = 24

/** Disks that are damaged or emptied: as many as the group bears, so that a majority of the voters stays whole. */
export class DiskFaults {
  readonly #sim: RaftSim
  /** Members that were seen to count and to know the same members as the leader, and whose disks are well since. */
  readonly #whole = new Set<string>()

  constructor(sim: RaftSim) {
    this.#sim = sim
  }

  /** Looks who is whole now. */
  look(): void {
    const group = this.#sim.leader?.group?.node
    if (group === undefined) return
    for (const [id, { group: own }] of this.#sim.members) {
      const node = own?.node
      if (node === undefined) continue
      const member = group.membership.members.find((one) => one.id === id)
      const isCounted = member?.isVoter === true && member.store === node.hard.store && node.hard.lost === undefined
      // One that has a change of the members in its log that is not agreed on goes by that.
      const { membershipIndex, commit } = node.log
      const isAgreed = membershipIndex === group.log.membershipIndex && membershipIndex <= commit
      if (isCounted && isAgreed) this.#whole.add(id)
      else this.#whole.delete(id)
    }
  }

  /** A change of the members is under way: the group bears less until everybody knows of it. */
  membersChange(): void {
    this.#whole.clear()
  }

  areWhole({ members }: Membership): boolean {
    return members.every(({ id }) => this.#whole.has(id))
  }

  /** Whether the disk of this member may fail; then it counts as failed. */
  mayImpair(member: SimMember): boolean {
    const leader = this.#sim.leader?.group?.node
    if (leader === undefined || leader.log.membershipIndex > leader.log.commit) return false
    const voters = leader.membership.members.filter(({ isVoter }) => isVoter)
    if (!voters.some(({ id }) => id === member.id) || leader.membership.members.length > voters.length) return false
    const impaired = voters.filter(({ id }) => id === member.id || !this.#whole.has(id))
    if (impaired.length > Math.floor((voters.length - 1) / 2)) return false
    this.#whole.delete(member.id)
    return true
  }

  /** One bit turns over, in what was written last more often than not. */
  damage(member: SimMember): void {
    if (member.isUp) this.#sim.crash(member, 'process')
    const { random } = this.#sim
    const { disk } = member
    const folder = random.below(5) === 0 ? 'snapshot' : 'log'
    const names = disk.list(`/raft/${folder}`)
    const name = random.below(2) === 0 ? names.at(-1) : names[random.below(names.length)]
    const path = random.below(8) === 0 ? `/raft/state-${random.below(2)}` : `/raft/${folder}/${name}`
    const sizeBytes = disk.stat(path)?.sizeBytes ?? 0
    if (sizeBytes === 0) return
    const byte =
      random.below(2) === 0 ? random.below(sizeBytes) : sizeBytes - 1 - random.below(Math.min(sizeBytes, 400))
    this.#flip(member, path, byte)
  }

  /** The end of the log is damaged, and what says how far it went may be too. */
  damageEnd(member: SimMember): void {
    if (member.isUp) this.#sim.crash(member, 'process')
    const { random } = this.#sim
    const { disk } = member
    const path = `/raft/log/${disk.list('/raft/log').at(-1)}`
    const sizeBytes = disk.stat(path)?.sizeBytes ?? 0
    const within = Math.min(sizeBytes, random.below(2) === 0 ? 100 : 2000)
    if (sizeBytes > 0) this.#flip(member, path, sizeBytes - 1 - random.below(within))
    if (random.below(2) === 0 || disk.stat(MARK) === undefined) return
    // In both slots, or the one that is left still says it.
    for (const slot of MARK_SLOTS) this.#flip(member, MARK, slot + random.below(MARK_BYTES))
  }

  #flip({ id, disk }: SimMember, path: string, byte: number): void {
    const file = disk.open(path, 'write')
    const one = Buffer.alloc(1)
    file.read(one, 0, 1, byte)
    one[0]! ^= 1 << this.#sim.random.below(8)
    file.write(one, 0, 1, byte)
    file.close()
    this.#sim.trace(`damage: ${id} ${path} at byte ${byte}`)
  }

  /** The disk is empty now. */
  wipe(member: SimMember): void {
    // Whoever has grown a group writes its members into the configuration, or an emptied member founds a group of its own.
    const { peers } = this.#sim.leader!.group!
    if (member.isUp) this.#sim.crash(member, 'process')
    member.peers = peers
    member.wipe()
  }
}
