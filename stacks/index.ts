import * as pulumi from '@pulumi/pulumi'
import { argsOfConfig, parseClusterConfig, RocketCluster } from '../components/index.ts'

const key = 'gantry:cluster'

/** Whether some value below the key is stored encrypted. Pulumi tells it of keys as a whole. */
function hasSecrets(): boolean {
  const secretKeys = JSON.parse(process.env['PULUMI_CONFIG_SECRET_KEYS'] ?? '[]') as string[]
  return secretKeys.includes(key)
}

/** The cluster that the stack file describes. */
function clusterOfStack(): RocketCluster {
  const text = pulumi.runtime.getConfig(key)
  if (text === undefined) throw new pulumi.RunError(`the stack has no config ${key}: copy one of stacks/Pulumi.*.yaml`)
  try {
    const isSecret = hasSecrets()
    const config = parseClusterConfig(JSON.parse(text), { secretsKept: isSecret })
    return new RocketCluster(pulumi.getStack(), argsOfConfig(config, isSecret))
  } catch (error) {
    // What is wrong with the config reads better without a stack trace.
    if ((error as { code?: unknown }).code === 'CONFIG_INVALID') throw new pulumi.RunError((error as Error).message)
    throw error
  }
}

const cluster = clusterOfStack()

export const namesrvAddr = cluster.namesrvAddr
export const controllerAddr = cluster.controllerAddr
export const endpoints = cluster.endpoints
export const nodes = cluster.nodes
export const caCertificates = cluster.caCertificates
export const clientCertificate = cluster.clientCertificate
export const adminCredentials = cluster.adminCredentials
