import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RealProcessTable } from '../../components/platform/process/process-table.ts'
import { readProcessRecord } from '../../components/platform/process/provider/process-record.ts'

/** Kills the processes of a stack whose nodes have their folders below this one: they outlive whoever started them. */
export function killProcessesBelow(folder: string): void {
  const processes = new RealProcessTable()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.name !== 'process.json') continue
    const record = readProcessRecord(dirname(join(entry.parentPath, entry.name)))
    if (record !== undefined) processes.signal(record.process, 'SIGKILL')
  }
}
