import type { ClusterInfo } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { type CommandContext, type OptionSpec, required, value } from '../command.ts'

export const TARGET_OPTIONS: readonly OptionSpec[] = [
  value('c', 'clusters', 'remapping static topic to clusters, comma separated'),
  value('b', 'brokers', 'remapping static topic to brokers, comma separated'),
  required('t', 'topic', 'topic name'),
]

/** The broker groups of -b, else those of the clusters of -c. @throws AdminError when there are none */
export function targetBrokers({ options }: CommandContext, { clusters }: ClusterInfo): string[] {
  const brokers = options.text('b')
  const names =
    brokers === undefined ? list(options.required('c')).flatMap((one) => clusters.get(one) ?? []) : list(brokers)
  if (names.length === 0) throw new AdminError('Find none brokers, do nothing')
  return [...new Set(names)]
}

function list(text: string): string[] {
  return text.split(',').map((one) => one.trim())
}
