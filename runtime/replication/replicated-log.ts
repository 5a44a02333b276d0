/** The commit log as replication sees it. Offsets are physical (bytes since the first message ever). */
export interface ReplicatedLog {
  /** First byte still there: start of the oldest segment. */
  readonly minOffset: number
  /** End of what is written and visible. */
  readonly writtenOffset: number
  /**
   * Up to `maxBytes` contiguous bytes from `phyOffset`, never across the end of a segment; undefined when there are none.
   * The window is valid until the next call to the log.
   */
  readRaw(phyOffset: number, maxBytes: number): { bytes: Uint8Array; start: number; length: number } | undefined
  /** Appends bytes of the master's log at `phyOffset`. @throws when it is not `writtenOffset` (or the log is not empty). */
  appendReplicated(bytes: Uint8Array, start: number, length: number, phyOffset: number): void
}

/** How far the slaves of a master are: what SYNC_MASTER acknowledgements wait for. */
export interface SlaveProgress {
  /** Offset up to which at least `slaves` slaves hold everything; 0 when there are fewer. */
  ackedBy(slaves: number): number
  /** Slaves connected and less than haMaxGapNotInSync behind `masterOffset`. */
  inSyncSlaves(masterOffset: number): number
  /** Called when an acknowledged offset advanced, at most once per turn and slave. */
  onProgress(listener: () => void): void
}
