import type { PlanNode } from '../../plan/plan-node.ts'
import type { AwsConfig } from '../../plan/schema/aws-config.ts'
import type { ClusterConfig } from '../../plan/schema/cluster-config.ts'

/** How large the machine of a node is. */
export interface MachineSize {
  readonly instanceType: string
  readonly rootVolumeSizeGiB: number
  /** Left out for a node that keeps nothing. */
  readonly volume?: { readonly sizeGiB: number; readonly iops: number; readonly throughputMiBps: number }
}

/** What a gp3 volume has without being asked, and without being paid for. */
const gp3 = { iops: 3000, throughputMiBps: 125 }

/** The size of a node's machine: that of its kind, and for a broker what its group says otherwise. */
export function machineSizeOf({ groups }: ClusterConfig, aws: AwsConfig, node: PlanNode): MachineSize {
  if (node.kind === 'proxy') return aws.proxies
  if (node.kind !== 'broker') {
    const { volumeSizeGiB, ...machine } = node.kind === 'nameServer' ? aws.nameServers : aws.controllers
    return { ...machine, volume: { sizeGiB: volumeSizeGiB, ...gp3 } }
  }
  const own = groups.find(({ name }) => name === node.group)?.aws ?? {}
  const { brokers } = aws
  return {
    instanceType: own.instanceType ?? brokers.instanceType,
    rootVolumeSizeGiB: brokers.rootVolumeSizeGiB,
    volume: {
      sizeGiB: own.volumeSizeGiB ?? brokers.volumeSizeGiB,
      iops: own.volumeIops ?? brokers.volumeIops,
      throughputMiBps: own.volumeThroughputMiBps ?? brokers.volumeThroughputMiBps,
    },
  }
}
