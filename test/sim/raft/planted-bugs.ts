/** A mistake made on purpose in the real code, which the simulation must find. */
export interface PlantedBug {
  readonly name: string
  /** Below runtime/raft. */
  readonly file: string
  /** Stands there exactly once. */
  readonly right: string
  readonly wrong: string
  /** Found within so many seeds from 1 on. */
  readonly seeds: number
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'votes twice in a term',
    file: 'voting.ts',
    right: '(state.vote === undefined && state.leaderId === undefined)',
    wrong: 'state.leaderId === undefined',
    seeds: 200,
  },
  {
    name: 'votes for a candidate that lacks entries',
    file: 'node-state.ts',
    right: 'if (!isAsUpToDate(last, this.log.last)) return false',
    wrong: '',
    seeds: 200,
  },
  {
    name: 'answers for a vote before it is durable',
    file: 'voting.ts',
    right: "state.sendDurable({ kind: 'voteAnswer'",
    wrong: "state.send({ kind: 'voteAnswer'",
    seeds: 200,
  },
  {
    name: 'acknowledges entries before they are durable',
    file: 'follower.ts',
    right: "this.#state.sendDurable({ kind: 'appendAnswer'",
    wrong: "this.#state.send({ kind: 'appendAnswer'",
    seeds: 200,
  },
  {
    name: 'commits entries of an earlier term by counting them (figure 8)',
    file: 'leader.ts',
    right: 'reached <= log.commit || log.termAt(reached) !== term',
    wrong: 'reached <= log.commit',
    seeds: 200,
  },
  {
    name: 'counts entries as its own before they are durable',
    file: 'leader.ts',
    right: 'this.#reached(voter, log.stable,',
    wrong: 'this.#reached(voter, log.lastIndex,',
    seeds: 200,
  },
  {
    name: 'answers reads without asking whether it still leads',
    file: 'leader.ts',
    right: 'else this.#reads.ask(id, log.commit)',
    wrong: 'else confirmedReads.push({ id, index: log.commit })',
    seeds: 200,
  },
  {
    name: 'answers reads before it knows what is committed',
    file: 'leader.ts',
    right: 'if (!this.#hasCommittedInTerm) this.#earlyReads.push(id)',
    wrong: 'if (false) this.#earlyReads.push(id)',
    seeds: 200,
  },
  {
    name: 'takes its lease for longer than it is',
    file: 'leader.ts',
    right: 'electionMinMs * (1 - clockDrift)',
    wrong: 'electionMinMs * (4 - clockDrift)',
    seeds: 200,
  },
  {
    name: 'forgets its promise when it loses the leader',
    file: 'node-state.ts',
    right: 'this.#promisedUntilMs = this.#nowMs + this.settings.electionMinMs',
    wrong: 'this.#promisedUntilMs = this.#nowMs',
    seeds: 200,
  },
  {
    name: 'keeps entries of an earlier leader behind those of the new one',
    file: 'raft-log.ts',
    right: 'const firstNew = entries.findIndex((entry) => !this.has(entry))',
    wrong: 'const firstNew = entries.findIndex((entry) => entry.index > this.lastIndex)',
    seeds: 200,
  },
  {
    name: 'counts votes of an emptied store',
    file: 'candidate.ts',
    right: "return voter.store === store || (this.name === 'preCandidate' && this.#state.isUnfounded)",
    wrong: 'return true',
    seeds: 200,
  },
  {
    name: 'counts acknowledgements of an emptied store',
    file: 'leader.ts',
    right: 'return progress.store === store ? of(progress) : 0',
    wrong: 'return of(progress)',
    seeds: 200,
  },
  {
    name: 'counts learners as voters',
    file: 'membership.ts',
    right: 'return membership.members.filter((member) => member.isVoter)',
    wrong: 'return [...membership.members]',
    seeds: 200,
  },
  {
    name: 'votes as if damage had taken nothing',
    file: 'node-state.ts',
    right: 'return lost === undefined || (lost.end !== undefined && isAsUpToDate(last, lost.end))',
    wrong: 'return true',
    seeds: 200,
  },
  {
    name: 'takes damage at the end for a torn end when nothing says how far the log was durable',
    file: 'storage/log-recovery.ts',
    right: 'if (mark === undefined && (torn !== undefined || records.length === 0)) {',
    wrong: 'if (Number(mark?.position) < 0) {',
    seeds: 200,
  },
  {
    name: 'does not write the vote',
    file: 'storage/raft-storage.ts',
    right: 'if (hard === undefined) this.#writeLog(batch)',
    wrong: 'if (hard === undefined || hard.vote !== undefined) this.#writeLog(batch)',
    seeds: 200,
  },
  {
    name: 'reports a write before it is synced',
    file: 'storage/raft-storage.ts',
    right: 'if (this.#log.position === before) this.#finish(batch)',
    wrong: 'if (true) this.#finish(batch)',
    seeds: 200,
  },
]
