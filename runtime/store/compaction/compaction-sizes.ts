import type { StoreConfig } from '../store-options.ts'
import { COMPACTION_UNIT_BYTES } from './compaction-unit.ts'

const LEAST_QUEUE_FILES = 5

/** Bytes of the files of a compaction topic; all have them from their beginning. */
export interface CompactionSizes {
  readonly logBytes: number
  readonly queueBytes: number
}

export type CompactionSizeConfig = Pick<StoreConfig, 'compactionMappedFileSize' | 'compactionCqMappedFileSize'>

/**
 * What follows from the settings: queue files of whole units, log files of whole queue files, five at least
 * (`CompactionLog.getCompactionLogSize`).
 */
export function compactionSizes(config: CompactionSizeConfig): CompactionSizes {
  const units = Math.floor(config.compactionCqMappedFileSize / COMPACTION_UNIT_BYTES)
  const queueBytes = Math.max(units, 2) * COMPACTION_UNIT_BYTES
  const files = Math.floor(config.compactionMappedFileSize / queueBytes)
  if (files < LEAST_QUEUE_FILES) return { logBytes: queueBytes * LEAST_QUEUE_FILES, queueBytes }
  const rest = config.compactionMappedFileSize % queueBytes
  const isRoundedDown = rest > 0 && rest < queueBytes >> 1
  return { logBytes: (isRoundedDown ? files : files + 1) * queueBytes, queueBytes }
}
