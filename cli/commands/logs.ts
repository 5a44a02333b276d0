import { existsSync } from 'node:fs'
import { suggestName } from '../../components/plan/suggest-name.ts'
import { nodeLogFile, readState } from '../../components/platform/process/cluster-state.ts'
import { onlyDataDir } from '../data-dir.ts'
import { LogReader } from '../log-reader.ts'
import { UserError } from '../user-error.ts'

export interface LogsOptions {
  readonly follow?: boolean
  readonly lines: number
  readonly stack?: string
  readonly dataDir?: string
}

const supervisorName = 'supervisor'
const followMs = 200

function logFileOf(node: string, options: LogsOptions): string {
  const dataDir = onlyDataDir({ stack: options.stack, dataDir: options.dataDir })
  const known = [...(readState(dataDir)?.nodes.map(({ id }) => id) ?? []), supervisorName]
  if (!known.includes(node))
    throw new UserError(`there is no node "${node}" in ${dataDir}. ${suggestName(node, known)}`)
  const path = nodeLogFile(dataDir, node)
  if (!existsSync(path)) throw new UserError(`${node} has not written a log yet (${path})`)
  return path
}

/** `gantry logs`: the end of a node's log, and with -f what is added until Ctrl-C. */
export async function logs(node: string, options: LogsOptions): Promise<void> {
  const reader = new LogReader(logFileOf(node, options))
  process.stdout.write(reader.lastLines(options.lines))
  if (!options.follow) return
  // Ends with Ctrl-C, or when nobody reads any more.
  process.stdout.once('error', () => process.exit(0))
  setInterval(() => process.stdout.write(reader.readNew()), followMs)
}
