/** Times are in milliseconds. */
export interface RaftSettings {
  readonly heartbeatMs: number
  /** A follower that hears nothing for a random time between these two stands for election. */
  readonly electionMinMs: number
  readonly electionMaxMs: number
  /**
   * Undefined (the default): a read costs one round of heartbeats and is right whatever clocks do. A number from 0 to 1,
   * the share by which two clocks of the group may run apart, the same on all members: the leader answers reads by itself
   * while its lease lasts; in exchange followers keep their promise of `electionMinMs` even when the leader is seen to die.
   */
  readonly clockDrift: number | undefined
  /** Largest command. */
  readonly entryMaxBytes: number
  /** One append message; a larger entry goes alone. */
  readonly appendMaxBytes: number
  /** Appends to one follower that it has not answered yet. */
  readonly inflightMaxMessages: number
  readonly inflightMaxBytes: number
  readonly snapshotPieceBytes: number
  readonly snapshotMaxBytes: number
  /** Commands appended and not yet applied. At the limit: BUSY. */
  readonly pendingMaxEntries: number
  readonly pendingMaxBytes: number
  /** The whole log in memory; snapshots keep it far below. At the limit: BUSY. */
  readonly logMaxBytes: number
  /** Reads not yet answered. At the limit: BUSY. */
  readonly readsMax: number
}

const MIB = 1024 * 1024

const DEFAULT_RAFT_SETTINGS: RaftSettings = {
  heartbeatMs: 100,
  electionMinMs: 500,
  electionMaxMs: 1000,
  clockDrift: undefined,
  entryMaxBytes: 4 * MIB,
  appendMaxBytes: MIB,
  inflightMaxMessages: 64,
  inflightMaxBytes: 8 * MIB,
  snapshotPieceBytes: MIB,
  snapshotMaxBytes: 1024 * MIB,
  pendingMaxEntries: 10_000,
  pendingMaxBytes: 32 * MIB,
  logMaxBytes: 128 * MIB,
  readsMax: 10_000,
}

/** @throws Error naming the setting, its value and what is possible. */
export function raftSettings(some: Partial<RaftSettings>): RaftSettings {
  const all = { ...DEFAULT_RAFT_SETTINGS, ...some }
  const { clockDrift, ...sizes } = all
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isInteger(value) || value < 1) throw new Error(`${name} is ${value}; it must be a whole number above 0`)
  }
  if (all.electionMinMs < 3 * all.heartbeatMs) {
    throw new Error(
      `electionMinMs is ${all.electionMinMs}; it must be at least three times heartbeatMs (${all.heartbeatMs}), ` +
        'or one lost heartbeat makes an election',
    )
  }
  if (all.electionMaxMs < all.electionMinMs) {
    throw new Error(`electionMaxMs is ${all.electionMaxMs}; it must be at least electionMinMs (${all.electionMinMs})`)
  }
  if (clockDrift !== undefined && !(clockDrift >= 0 && clockDrift < 1)) {
    throw new Error(`clockDrift is ${clockDrift}; it must be at least 0 and below 1`)
  }
  return all
}
