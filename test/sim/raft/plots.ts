import type { Message } from '../../../runtime/raft/message.ts'
import type { DiskFaults } from './disk-faults.ts'
import type { Links } from './links.ts'
import type { RaftSim } from './raft-sim.ts'
import type { SimMember } from './sim-member.ts'

/** What is wrong with a group before a plot is put right within this. */
const RECOVERY_MS = 1500
/** No plot takes longer: then chance rules again. */
const PLOT_MS = 2000
/** For what comes of it, once everything is done. */
const END_MS = 700
const LOOK_EVERY_MS = 5

/** Chains of mishaps that chance alone would seldom bring about, each the way to a mistake that Raft must not make. */
export class Plots {
  readonly #sim: RaftSim
  readonly #links: Links
  readonly #disks: DiskFaults
  /** Plots are numbered; what was begun for an earlier one comes to nothing. */
  #number = 0
  #untilMs = 0
  #onVote: ((voter: SimMember, candidate: SimMember) => void) | undefined

  constructor(sim: RaftSim, links: Links, disks: DiskFaults) {
    this.#sim = sim
    this.#links = links
    this.#disks = disks
  }

  get areUnderWay(): boolean {
    return this.#sim.queue.nowMs < this.#untilMs
  }

  end(): void {
    this.#number++
    this.#untilMs = 0
    this.#onVote = undefined
  }

  /** Every plot begins with a group that is well. */
  begin(): void {
    const { queue, members } = this.#sim
    this.#number++
    const giveUpMs = queue.nowMs + RECOVERY_MS
    this.#untilMs = giveUpMs + PLOT_MS
    this.#links.mendAll()
    for (const member of members.values()) if (!member.isUp) member.start()
    this.#beginWhenWell(giveUpMs)
  }

  #beginWhenWell(giveUpMs: number): void {
    this.#disks.look()
    const { leader, queue, random } = this.#sim
    const others = this.#others(leader)
    const membership = leader?.group?.node?.membership
    if (leader === undefined || others.length < 2 || membership === undefined || !this.#disks.areWhole(membership)) {
      if (queue.nowMs > giveUpMs) this.end()
      else this.#later(LOOK_EVERY_MS, () => this.#beginWhenWell(giveUpMs))
      return
    }
    const plots = [this.#lostPromise, this.#slowDisk, this.#twoLeaders, this.#figureEight, this.#forgottenVote]
    plots[random.below(plots.length)]!.call(this, leader, others)
  }

  sent(message: Message): void {
    if (message.kind !== 'voteAnswer' || !message.isGranted || message.from === message.to) return
    const onVote = this.#onVote
    if (onVote === undefined) return
    this.#onVote = undefined
    onVote(this.#sim.members.get(message.from)!, this.#sim.members.get(message.to)!)
  }

  /** Up, and voters of the leader's group. */
  #others(leader: SimMember | undefined): SimMember[] {
    const voters = leader?.group?.node?.membership.members.filter(({ isVoter }) => isVoter) ?? []
    const members = voters.map(({ id }) => this.#sim.members.get(id)!)
    return members.filter((member) => member !== leader && member.isUp)
  }

  /**
   * A majority has entries; one of it loses them by its disk, the others of it are cut off, and those that lack the entries
   * come back. Nobody may be elected that lacks them.
   */
  #lostPromise(leader: SimMember, others: SimMember[]): void {
    const { random, trace } = this.#sim
    const [victim, behind, rest] = this.#split(others)
    trace(`plot: ${victim.id} loses what ${behind.map(({ id }) => id).join(', ')} never got`)
    for (const member of behind) this.#cutOff(member)
    const lose = () => {
      if (!this.#disks.mayImpair(victim)) return
      if (random.below(4) === 0) this.#disks.wipe(victim)
      else this.#disks.damageEnd(victim)
      this.#onlyThese(leader, behind, [leader, ...rest], victim)
    }
    if (random.below(2) === 0) this.#later(150 + random.below(150), lose)
    else this.#whenLacking(leader, victim, behind[0]!, lose)
  }

  /** As soon as something is committed that one member has and the other has not. */
  #whenLacking(leader: SimMember, holder: SimMember, other: SimMember, then: () => void): void {
    const commit = leader.group?.node?.log.commit ?? 0
    const lastOf = (member: SimMember) => member.group?.node?.log.stable ?? 0
    if (lastOf(holder) >= commit && lastOf(other) < commit) then()
    else this.#later(1, () => this.#whenLacking(leader, holder, other, then))
  }

  /** The same, but that the entries were never durable, with the leader or with a follower. */
  #slowDisk(leader: SimMember, others: SimMember[]): void {
    const { random, trace } = this.#sim
    const [follower, behind, rest] = this.#split(others)
    const [victim, witness] = random.below(2) === 0 ? [leader, follower] : [follower, leader]
    trace(`plot: ${victim.id} has a slow disk, and then no power`)
    for (const member of behind) this.#cutOff(member)
    victim.holdSyncs(PLOT_MS)
    this.#later(30 + random.below(100), () => {
      this.#sim.crash(victim, 'power-worst')
      this.#onlyThese(leader, behind, [witness, ...rest], victim)
    })
  }

  /** One, as many as make a majority with it, and the others. */
  #split(others: readonly SimMember[]): readonly [SimMember, SimMember[], SimMember[]] {
    const [one, ...more] = others as [SimMember, ...SimMember[]]
    const count = Math.ceil((others.length + 1) / 2) - 1
    return [one, more.slice(0, count), more.slice(count)]
  }

  #onlyThese(leader: SimMember, behind: SimMember[], away: SimMember[], victim: SimMember): void {
    this.#links.mendAll()
    for (const member of away) this.#cutOff(member)
    for (const member of behind) member.gone(leader.id)
    this.#last(this.#sim.random.below(30), () => victim.isUp || victim.start())
  }

  /**
   * The leader is cut off and does not know that another was elected; one of those that elected it loses its disk and comes
   * back to the old leader. The old leader may commit nothing with it.
   */
  #twoLeaders(leader: SimMember, others: SimMember[]): void {
    this.#sim.trace(`plot: ${leader.id} is cut off, and gets company`)
    this.#cutOff(leader)
    for (const member of others) member.gone(leader.id)
    this.#whenLeads(
      (now) => now !== leader,
      (now) => {
        this.#last(20 + this.#sim.random.below(50), () => {
          const victim = others.find((one) => one !== now)
          if (victim === undefined || !this.#disks.mayImpair(victim)) return
          this.#disks.wipe(victim)
          this.#links.mendAll()
          this.#cutOff(now)
          victim.start()
        })
      },
    )
  }

  /** Figure 8 of the Raft paper: entries of an earlier term get to a majority, those of the leader's own term do not. */
  #figureEight(leader: SimMember, others: SimMember[]): void {
    this.#sim.trace(`plot: ${leader.id} writes what nobody gets`)
    this.#links.starve()
    this.#later(40 + this.#sim.random.below(60), () => {
      this.#fall(leader)
      for (const member of others) member.gone(leader.id)
      this.#whenLeads(
        (now) => now !== leader,
        (second) => this.#figureEightOn(leader, second),
      )
    })
  }

  /** The second has begun a term of which nobody knows anything; the first leads again, and spreads what it wrote before. */
  #figureEightOn(first: SimMember, second: SimMember): void {
    this.#sim.trace(`plot: so does ${second.id}, and ${first.id} is back`)
    this.#fall(second)
    if (!first.isUp) first.start()
    for (const member of this.#sim.members.values()) member.gone(second.id)
    this.#whenLeads(
      (now) => now === first,
      () =>
        this.#last(20 + this.#sim.random.below(60), () => {
          this.#fall(first)
          this.#links.mendAll()
          if (!second.isUp) second.start()
          for (const member of this.#sim.members.values()) member.gone(first.id)
        }),
    )
  }

  /**
   * The leader dies; whoever votes first for its successor loses its power in that moment, the successor is cut off, and the
   * old leader is back. Together the two make a majority in a term that has a leader, if the vote is forgotten.
   */
  #forgottenVote(leader: SimMember, others: SimMember[]): void {
    this.#sim.trace(`plot: a vote is cast without power`)
    this.#fall(leader)
    for (const member of others) member.gone(leader.id)
    this.#onVote = (voter, candidate) => {
      this.#later(0, () => {
        if (voter.isUp) this.#sim.crash(voter, 'power-worst')
        this.#cutOff(candidate)
        this.#last(10, () => {
          if (!voter.isUp) voter.start()
          if (!leader.isUp) leader.start()
        })
      })
    }
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

  /** As soon as such a member leads; never, if that takes longer than the plot. */
  #whenLeads(isMeant: (leader: SimMember) => boolean, then: (leader: SimMember) => void): void {
    const { leader } = this.#sim
    if (leader !== undefined && isMeant(leader)) then(leader)
    else this.#later(LOOK_EVERY_MS, () => this.#whenLeads(isMeant, then))
  }

  /** The last step of a plot. */
  #last(delayMs: number, run: () => void): void {
    this.#later(delayMs, () => {
      run()
      this.#untilMs = Math.min(this.#untilMs, this.#sim.queue.nowMs + END_MS)
    })
  }

  #later(delayMs: number, run: () => void): void {
    const number = this.#number
    this.#sim.queue.after(delayMs, () => {
      if (this.#number === number && this.areUnderWay) run()
    })
  }
}
