import { z } from 'zod'
import { clusterConfigKey } from '../config-problem.ts'
import { clusterConfigSchema } from './cluster-config.ts'

/**
 * JSON Schema of a stack file, for completion and checks in editors. Other config keys and Pulumi's own top-level keys
 * stay allowed: they belong to others.
 */
export const stackJsonSchema = (): object => {
  const { $schema, ...cluster } = z.toJSONSchema(clusterConfigSchema, { io: 'input' })
  return {
    $schema,
    title: 'Gantry stack config',
    type: 'object',
    required: ['config'],
    properties: {
      config: { type: 'object', required: [clusterConfigKey], properties: { [clusterConfigKey]: cluster } },
    },
  }
}

/** The file as it is checked in. */
export const stackJsonSchemaText = (): string => `${JSON.stringify(stackJsonSchema(), null, 2)}\n`
