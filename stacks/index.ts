import * as pulumi from '@pulumi/pulumi'
import { argsOfConfig, parseClusterConfig, RocketCluster } from '../components/index.ts'

/** The cluster that the stack file describes under `gantry:cluster`. */
const config = parseClusterConfig(new pulumi.Config('gantry').requireObject('cluster'))
const cluster = new RocketCluster(pulumi.getStack(), argsOfConfig(config))

export const namesrvAddr = cluster.namesrvAddr
export const nodes = cluster.nodes
