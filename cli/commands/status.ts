import { relative } from 'node:path'
import { type ClusterStatus, clusterStatus } from '../cluster-status.ts'
import { renderClientHint, renderCluster } from '../cluster-table.ts'
import { chosenDataDirs, type DataDirChoice } from '../data-dir.ts'
import { renderSecurity } from '../security-status.ts'
import { UserError } from '../user-error.ts'

/** What is to be done about a rollout that is not at its end. */
const advice = {
  'under way': '',
  'cut off': ' "gantry up" goes on with it.',
  stopped: ' "gantry up" tries again.',
} as const

function rolloutLines({ rollout }: ClusterStatus): string[] {
  if (rollout === undefined) return []
  return [`rollout ${rollout.state}: ${rollout.last}.${advice[rollout.state]}`]
}

function render(status: ClusterStatus): string[] {
  const place = relative('', status.dataDir) || '.'
  if (status.running) {
    const state = status.ready ? 'running' : 'not ready yet'
    const title = `${status.cluster} in ${place}: ${state}, supervisor pid ${status.supervisorPid}`
    const hints = [...renderClientHint(status.namesrvAddr), ...renderSecurity(status.security, Date.now())]
    return [title, ...rolloutLines(status), ...renderCluster(status.nodes), ...hints]
  }
  const left = status.nodes.filter((node) => node.pid !== undefined)
  if (left.length === 0) return [`${status.cluster} in ${place}: not running`]
  const title = `${status.cluster} in ${place}: its supervisor is gone, but ${left.length} nodes still run. "gantry down" stops them.`
  return [title, ...rolloutLines(status), ...renderCluster(status.nodes)]
}

/** `gantry status`: every cluster started from this folder, or the one named. Exit code 1 when none runs. */
export async function status(
  stack: string | undefined,
  options: { readonly dataDir?: string; readonly json?: boolean },
): Promise<void> {
  const choice: DataDirChoice = { stack, dataDir: options.dataDir }
  const dataDirs = chosenDataDirs(choice)
  if (dataDirs.length === 0 && !options.json) {
    throw new UserError('no cluster was started from this folder. Start one with "gantry up <stack>".')
  }
  const statuses = await Promise.all(dataDirs.map(clusterStatus))
  const text = options.json
    ? JSON.stringify({ clusters: statuses }, null, 2)
    : statuses.map((each) => render(each).join('\n')).join('\n\n')
  process.stdout.write(`${text}\n`)
  if (!statuses.some((each) => each.running)) process.exitCode = 1
}
