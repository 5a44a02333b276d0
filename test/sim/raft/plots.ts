import type { DiskFaults } from './disk-faults.ts'
import type { Links } from './links.ts'
import type { RaftSim } from './raft-sim.ts'
import type { SimMember } from './sim-member.ts'

/** Chains of mishaps that chance alone would seldom bring about, each the way to a mistake that Raft must not make. */
export class Plots {
  readonly #sim: RaftSim
  readonly #links: Links
  readonly #disks: DiskFaults
  #isOver = false

  constructor(sim: RaftSim, links: Links, disks: DiskFaults) {
    this.#sim = sim
    this.#links = links
    this.#disks = disks
  }

  end(): void {
    this.#isOver = true
  }

  begin(): void {
    const leader = this.#sim.leader
    const others = this.#others(leader)
    if (leader === undefined || others.length < 2) return
    const plots = [this.#lostPromise, this.#twoLeaders, this.#figureEight]
    plots[this.#sim.random.below(plots.length)]!.call(this, leader, others)
  }

  /** Up, and voters of the leader's group. */
  #others(leader: SimMember | undefined): SimMember[] {
    const voters = leader?.group?.node?.membership.members.filter(({ isVoter }) => isVoter) ?? []
    const members = voters.map(({ id }) => this.#sim.members.get(id)!)
    return members.filter((member) => member !== leader && member.isUp)
  }

  /**
   * A majority has entries; one of it loses them by its disk, the leader is cut off, and those that lack the entries come
   * back. Nobody may be elected.
   */
  #lostPromise(leader: SimMember, others: SimMember[]): void {
    const [victim, ...late] = others as [SimMember, ...SimMember[]]
    const behind = late.slice(0, Math.ceil((others.length + 1) / 2) - 1)
    this.#sim.trace(`plot: ${victim.id} loses what ${behind.map(({ id }) => id).join(', ')} never got`)
    for (const member of behind) this.#cutOff(member)
    this.#later(150 + this.#sim.random.below(150), () => {
      if (!this.#disks.mayImpair(victim)) return
      if (this.#sim.random.below(3) === 0) this.#disks.wipe(victim)
      else this.#disks.damage(victim)
      this.#links.mendAll()
      this.#cutOff(leader)
      for (const member of behind) member.gone(leader.id)
      this.#later(this.#sim.random.below(30), () => victim.isUp || victim.start())
    })
  }

  /**
   * The leader is cut off and does not know that another was elected; one of those that elected it loses its disk and comes
   * back to the old leader. The old leader may commit nothing with it.
   */
  #twoLeaders(leader: SimMember, others: SimMember[]): void {
    this.#sim.trace(`plot: ${leader.id} is cut off, and gets company`)
    this.#cutOff(leader)
    for (const member of others) member.gone(leader.id)
    this.#later(80 + this.#sim.random.below(120), () => {
      const now = this.#sim.leader
      const victim = others.find((one) => one !== now)
      if (now === undefined || now === leader || victim === undefined || !this.#disks.mayImpair(victim)) return
      this.#disks.wipe(victim)
      this.#links.mendAll()
      this.#cutOff(now)
      victim.start()
    })
  }

  /** Figure 8 of the Raft paper: entries of an earlier term get to a majority, those of the leader's own term do not. */
  #figureEight(leader: SimMember, others: SimMember[]): void {
    this.#sim.trace(`plot: ${leader.id} writes what nobody gets`)
    for (const { id } of others) this.#links.cut(leader.id, id)
    this.#later(20 + this.#sim.random.below(60), () => {
      this.#fall(leader)
      for (const member of others) member.gone(leader.id)
      this.#later(60 + this.#sim.random.below(100), () => this.#figureEightOn(leader))
    })
  }

  /** Another leads and writes something that nobody gets; then the first one leads again. */
  #figureEightOn(first: SimMember): void {
    const second = this.#sim.leader
    if (second === undefined || second === first) return
    this.#links.mendAll()
    this.#fall(second)
    if (!first.isUp) first.start()
    this.#links.starve(first.id)
    for (const member of this.#sim.members.values()) member.gone(second.id)
    this.#later(400 + this.#sim.random.below(500), () => {
      if (this.#sim.leader !== first) return
      this.#fall(first)
      this.#links.mendAll()
      if (!second.isUp) second.start()
      for (const member of this.#sim.members.values()) member.gone(first.id)
    })
  }

  #fall(member: SimMember): void {
    if (member.isUp) this.#sim.crash(member, 'process')
  }

  #cutOff(member: SimMember): void {
    for (const { id } of this.#sim.members.values()) {
      this.#links.cut(member.id, id)
      this.#links.cut(id, member.id)
    }
  }

  #later(delayMs: number, run: () => void): void {
    this.#sim.queue.after(delayMs, () => this.#isOver || run())
  }
}
