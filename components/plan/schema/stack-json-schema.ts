import { z } from 'zod'
import { brokerTable } from '../../../runtime/config/broker-conf.ts'
import type { KeyTable } from '../../../runtime/config/conf-key.ts'
import { controller } from '../../../runtime/config/namesrv-conf/controller.ts'
import { namesrvTable } from '../../../runtime/config/namesrv-conf.ts'
import { proxyTable } from '../../../runtime/config/proxy-conf.ts'
import { clusterConfigKey } from '../config-problem.ts'
import { plannedBrokerKeys } from '../render/broker-conf.ts'
import { plannedControllerKeys } from '../render/controller-conf.ts'
import { plannedNameServerKeys } from '../render/namesrv-conf.ts'
import { plannedProxyKeys } from '../render/proxy-json.ts'
import { type ClusterConfig, clusterConfigSchema } from './cluster-config.ts'
import { controllersSchema } from './controllers-config.ts'
import { proxiesSchema } from './proxies-config.ts'

type JsonSchema = Record<string, unknown>

/** The keys of a conf file that a stack may set, with what they mean. */
function confFileSchema(keys: KeyTable, planned: ReadonlyMap<string, string>): JsonSchema {
  const settable = Object.entries(keys).filter(([name]) => !planned.has(name))
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(settable.map(([name, key]) => [name, { description: key.doc }])),
  }
}

const brokerConfRef = '#/$defs/broker.conf'
const namesrvConfRef = '#/$defs/namesrv.conf'
const controllerConfRef = '#/$defs/controller.conf'
const proxyJsonRef = '#/$defs/rmq-proxy.json'

/** zod only says that overrides have texts as keys; which ones is known from the conf tables. */
const overrides: ReadonlyMap<unknown, string> = new Map([
  [clusterConfigSchema.shape.brokerConfig, brokerConfRef],
  [clusterConfigSchema.shape.groups.element.shape.config, brokerConfRef],
  [clusterConfigSchema.shape.nameServerConfig, namesrvConfRef],
  [controllersSchema.shape.config, controllerConfRef],
  [proxiesSchema.shape.config, proxyJsonRef],
] satisfies [z.ZodType<ClusterConfig['brokerConfig']>, string][])

function clusterJsonSchema(): JsonSchema {
  const { $schema, ...cluster } = z.toJSONSchema(clusterConfigSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const reference = overrides.get(zodSchema)
      if (reference === undefined) return
      const { description } = jsonSchema
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
      Object.assign(jsonSchema, { description, $ref: reference })
    },
  })
  return cluster
}

/**
 * JSON Schema of a stack file, for completion and checks in editors. Other config keys and Pulumi's own top-level keys
 * stay allowed: they belong to others.
 */
function stackJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Gantry stack config',
    type: 'object',
    required: ['config'],
    properties: {
      config: {
        type: 'object',
        required: [clusterConfigKey],
        properties: { [clusterConfigKey]: clusterJsonSchema() },
      },
    },
    $defs: {
      'broker.conf': confFileSchema(brokerTable.keys, plannedBrokerKeys),
      'namesrv.conf': confFileSchema(namesrvTable.keys, plannedNameServerKeys),
      'controller.conf': confFileSchema(controller.keys, plannedControllerKeys),
      'rmq-proxy.json': confFileSchema(proxyTable.keys, plannedProxyKeys),
    },
  }
}

/** The file as it is checked in. */
export const stackJsonSchemaText = (): string => `${JSON.stringify(stackJsonSchema(), null, 2)}\n`
