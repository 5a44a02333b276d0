/** Bits of a record's sysFlag field (Apache RocketMQ's `MessageSysFlag`). */
export const SysFlag = {
  compressed: 0x1,
  multiTags: 0x2,
  transactionPrepared: 0x4,
  transactionCommit: 0x8,
  transactionRollback: 0xc,
  transactionMask: 0xc,
  bornHostV6: 0x10,
  storeHostV6: 0x20,
  /** With innerBatch: clients take the record apart. */
  needUnwrap: 0x40,
  /** The body holds several messages, each laid out as in a batch that is sent. */
  innerBatch: 0x80,
  compressionMask: 0x700,
  compressionLz4: 0x100,
  compressionZstd: 0x200,
  compressionZlib: 0x300,
} as const

/** Half messages and rolled back ones are kept in the log only: no consume queue unit, no queue offset of their own. */
export function entersConsumeQueue(sysFlag: number): boolean {
  const transaction = sysFlag & SysFlag.transactionMask
  return transaction === 0 || transaction === SysFlag.transactionCommit
}
