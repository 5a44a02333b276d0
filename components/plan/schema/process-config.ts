import { z } from 'zod'
import { folder } from './field-types.ts'

/** What stands under `platform.process`. */
export const processSchema = z.strictObject({
  localDataDir: folder
    .optional()
    .describe('Absolute folder for nodes on this machine. Left out: .gantry/<stack> beside Pulumi.yaml.'),
  runtimeBin: folder
    .optional()
    .describe('Absolute folder with the mqnamesrv and mqbroker to run. Left out: the engine of this package.'),
  apacheHome: folder
    .optional()
    .describe('ROCKETMQ_HOME of the Apache RocketMQ that nodes with engine: apache run: a folder with lib/.'),
  apacheHeap: z
    .string()
    .regex(/^[1-9]\d*[mg]$/, { error: 'is no heap size\nWrite a number and m or g, e.g. 512m.' })
    .default('512m')
    .describe('Heap of each Apache node: -Xms and -Xmx.'),
})
