import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessRef } from '../process-identity.ts'

/** Which process was started for a node, and how: written at once, so that a run cut short finds it again. */
export interface ProcessRecord {
  readonly process: ProcessRef
  /** A hash of all that was put into starting it; a process started otherwise has to be started anew. */
  readonly launch: string
}

const recordFile = (dataDir: string): string => join(dataDir, 'process.json')

export function readProcessRecord(dataDir: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(dataDir), 'utf8')) as ProcessRecord
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function writeProcessRecord(dataDir: string, record: ProcessRecord): void {
  const path = recordFile(dataDir)
  writeFileSync(`${path}.new`, JSON.stringify(record))
  renameSync(`${path}.new`, path)
}

export function removeProcessRecord(dataDir: string): void {
  rmSync(recordFile(dataDir), { force: true })
}
