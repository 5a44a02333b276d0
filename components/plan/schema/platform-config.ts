import { z } from 'zod'
import { awsSchema } from './aws-config.ts'
import { dockerSchema } from './docker-config.ts'
import { processSchema } from './process-config.ts'

/** What stands under `platform`: at most one of process, docker and aws, and what all of them have. */
export const platformSchema = z
  .strictObject({
    process: processSchema.optional().describe('Processes of this machine.'),
    docker: dockerSchema.optional().describe('Containers on one Docker host or several.'),
    aws: awsSchema.optional().describe('EC2 instances with volumes of their own.'),
    retainData: z.boolean().default(true).describe('Whether the files of a node stay when the node is deleted.'),
    protectData: z.boolean().default(false).describe("Whether deleting a node's files is refused (Pulumi's protect)."),
    readyTimeoutSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(120)
      .describe('How long a node may take until it is healthy.'),
    drainTimeoutSeconds: z
      .int()
      .min(1)
      .max(2_592_000)
      .default(600)
      .describe('How long consumers may take to consume what a broker group holds that is removed.'),
    staleRouteSeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(35)
      .describe(
        'How long clients may go by a route that is not so any more: the pollNameServerInterval of official ones, and a little.',
      ),
  })
  .refine(({ process, docker, aws }) => [process, docker, aws].filter((one) => one !== undefined).length <= 1, {
    error: 'names more than one of process, docker and aws\nKeep the one that nodes shall run on.',
  })

export type PlatformConfig = z.output<typeof platformSchema>

/** The platform a config asks for. */
export const platformKind = ({ docker, aws }: PlatformConfig): 'process' | 'docker' | 'aws' =>
  docker !== undefined ? 'docker' : aws !== undefined ? 'aws' : 'process'
