import type { types } from '@pulumi/docker'
import { liveConfPath } from '../../../runtime/bin/live-conf.ts'
import { containerDataDir } from '../../plan/docker-hosts.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import type { DockerConfig } from '../../plan/schema/docker-config.ts'
import { apacheArguments, openPackages } from '../process/apache-launch.ts'
import { tlsVariables } from '../process/node-launch.ts'

/*
 * What a node's container is like: pure, from the plan and the config. The conf file's text comes in a variable and is
 * written by the first program in the container, for Docker copies nothing into a container whose file system is read-only.
 */

/** What of a node is known before anything runs: all but its conf file's text. */
export type ContainerNode = Pick<
  PlanNode,
  | 'id'
  | 'kind'
  | 'engine'
  | 'host'
  | 'advertisedAddress'
  | 'port'
  | 'ports'
  | 'dataDir'
  | 'confFile'
  | 'nodeOptions'
  | 'tls'
>

/** Programs of the image, by kind of node; and the flag each takes its conf file with. */
const programs: Record<PlanNode['kind'], readonly [program: string, flag: string]> = {
  nameServer: ['mqnamesrv', '-c'],
  controller: ['mqcontroller', '-c'],
  broker: ['mqbroker', '-c'],
  proxy: ['mqproxy', '-pc'],
}

/** The variable that carries the conf file's text. */
export const confVariable = 'GANTRY_CONF'

/** Users that nodes run as: the one of the own image, and the one of the official image. */
export const containerUsers = { gantry: '10001:10001', apache: '3000:3000' } as const

/** A larger nursery buys a NameServer nothing: its data is long-lived, its garbage small. */
const nameServerOptions = ['--max-semi-space-size=2']

const gantryHealthcheck: types.input.ContainerHealthcheck = {
  tests: ['CMD', 'gantry-healthcheck'],
  interval: '30s',
  timeout: '5s',
  startPeriod: '1m0s',
  retries: 3,
}

/** What runtime/bin/live-conf.ts does, for a shell. */
const writeConf = (path: string): string => {
  const [live, given] = [liveConfPath(path), `printf %s "$${confVariable}"`]
  const hashOf = (text: string) => `$(${text} | sha256sum | cut -c1-64)`
  const rest = `tail -n +2 ${live}`
  const counts = `[ -f ${live} ] && [ "$(head -n 1 ${live})" = "# ${hashOf(given)} ${hashOf(rest)}" ]`
  return `if ${counts}; then ${rest}; else ${given}; fi > ${path}`
}

/** How the server is started: command, further variables, and what asks after its health. */
export function containerProgram(
  { kind, engine, confFile, nodeOptions, dataDir, tls }: ContainerNode,
  { apacheHeap }: Pick<DockerConfig, 'apacheHeap'>,
) {
  if (engine === 'apache') {
    const words = apacheArguments({ kind, dataDir, confFile }, '$ROCKETMQ_HOME', apacheHeap)
    const java = ['java', ...words.map((word) => (word.startsWith('$ROCKETMQ_HOME') ? `"${word}"` : word))]
    return {
      // The shell becomes the server, which then gets the stop signal.
      entrypoints: ['sh', '-c', `${writeConf(confFile.path)} && exec ${java.join(' ')}`],
      // In a variable, for Java 8 reads none and knows no such flags.
      variables: [`JDK_JAVA_OPTIONS=${openPackages.join(' ')}`],
    }
  }
  const [program, flag] = programs[kind]
  const options = [...(kind === 'nameServer' ? nameServerOptions : []), ...nodeOptions]
  return {
    command: [program, flag, confFile.path],
    variables: [
      ...(options.length === 0 ? [] : [`NODE_OPTIONS=${options.join(' ')}`]),
      ...Object.entries(tlsVariables(tls === undefined ? {} : { tls })).map(([name, value]) => `${name}=${value}`),
    ],
    healthcheck: gantryHealthcheck,
  }
}

/** What all containers have of their shape from the config: limits, rights, log files, stop. */
export function containerLimits({ kind, engine }: ContainerNode, docker: DockerConfig) {
  const memory = engine === 'apache' ? docker.memoryMb.apache : docker.memoryMb[kind]
  return {
    memory,
    // As much as memory: none beyond it.
    memorySwap: memory,
    ...(docker.cpus === undefined ? {} : { cpus: String(docker.cpus) }),
    ulimits: [{ name: 'nofile', soft: docker.openFiles, hard: docker.openFiles }],
    readOnly: true,
    // Java unpacks native libraries there.
    tmpfs: { '/tmp': `rw,${engine === 'apache' ? 'exec,' : ''}nosuid,nodev,size=64m` },
    user: containerUsers[engine],
    capabilities: { drops: ['ALL'] },
    securityOpts: ['no-new-privileges:true'],
    logDriver: 'json-file',
    logOpts: { 'max-size': `${docker.logMaxSizeMb}m`, 'max-file': String(docker.logMaxFiles) },
    restart: 'unless-stopped',
    stopSignal: 'SIGTERM',
    stopTimeout: docker.stopTimeoutSeconds,
    // Without it the provider kills a container that it deletes.
    destroyGraceSeconds: docker.stopTimeoutSeconds,
  }
}

/** Ports, the same number inside and outside, on one interface of the Docker host or on all. */
export const publishedPorts = ({ ports }: ContainerNode, address: string | undefined): types.input.ContainerPort[] =>
  ports.map(({ port }) => ({
    internal: port,
    external: port,
    protocol: 'tcp',
    ip: address ?? '0.0.0.0',
  }))

/** Where a node's volume is in its container. */
export const volumeMount = (source: string): types.input.ContainerMount => ({
  type: 'volume',
  source,
  target: containerDataDir,
})
