import * as pulumi from '@pulumi/pulumi'
import { argsOfConfig, parseClusterConfig, RocketCluster } from '../components/index.ts'

/** The cluster that the stack file describes under `gantry:cluster`. */
function clusterOfStack(): RocketCluster {
  try {
    const config = parseClusterConfig(new pulumi.Config('gantry').requireObject('cluster'))
    return new RocketCluster(pulumi.getStack(), argsOfConfig(config))
  } catch (error) {
    // What is wrong with the config reads better without a stack trace.
    if ((error as { code?: unknown }).code === 'CONFIG_INVALID') throw new pulumi.RunError((error as Error).message)
    throw error
  }
}

const cluster = clusterOfStack()

export const namesrvAddr = cluster.namesrvAddr
export const nodes = cluster.nodes
