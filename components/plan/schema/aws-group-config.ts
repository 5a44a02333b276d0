import { z } from 'zod'
import { instanceTypePattern } from '../aws/instance-type.ts'
import { zonePattern } from '../aws/zone.ts'

/* Fields that the configuration of AWS has in more than one place. */

export const instanceType = z.string().regex(instanceTypePattern, {
  error: 'is no instance type\nWrite family and size as EC2 has them, e.g. m7g.large.',
})

export const zone = z.string().regex(zonePattern, {
  error: 'is no availability zone\nWrite a region and a letter, e.g. eu-central-1a.',
})

export const volumeSizeGiB = z.int().min(1).max(65_536)
export const volumeIops = z.int().min(3000).max(80_000)
export const volumeThroughputMiBps = z.int().min(125).max(2000)

/** What stands under `groups[].aws`: what differs from platform.aws.brokers for the brokers of one group. */
export const awsGroupSchema = z.strictObject({
  slot: z
    .int()
    .min(0)
    .max(4095)
    .optional()
    .describe(
      'Decides addresses and zones of the group. Left out: its place in the list of groups. Give it before you take a group out of the list that stands before others.',
    ),
  zones: z
    .array(zone)
    .min(1)
    .max(9)
    .optional()
    .describe('Zone of each replica. Left out: the zones in turn, starting with another one for every group.'),
  instanceType: instanceType.optional().describe('EC2 instance type.'),
  volumeSizeGiB: volumeSizeGiB.optional().describe('Size of each data volume. It may grow, never shrink.'),
  volumeIops: volumeIops.optional().describe('Operations a second of each data volume (gp3).'),
  volumeThroughputMiBps: volumeThroughputMiBps.optional().describe('Throughput of each data volume (gp3).'),
})
