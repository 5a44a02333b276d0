import { join } from 'node:path'
import type { Programs } from '../../plan/plan.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import type { NodeCommand } from './node-launch.ts'

/*
 * Apache RocketMQ's servers, started without its shell scripts: those ask for several gigabytes of heap and leave a shell
 * between us and the server, which then gets no signal. Source of classes and options: distribution/bin of RocketMQ 5.5.
 */

interface Server {
  readonly main: string
  /** Start of the name of the jar with that class. */
  readonly jar: string
  readonly confFlag: string
  /** Resource with the logback configuration, in the server's jar. */
  readonly logback: string
}

const servers: Record<PlanNode['kind'], Server> = {
  nameServer: {
    main: 'org.apache.rocketmq.namesrv.NamesrvStartup',
    jar: 'rocketmq-namesrv-',
    confFlag: '-c',
    logback: 'rmq.namesrv.logback.xml',
  },
  controller: {
    main: 'org.apache.rocketmq.controller.ControllerStartup',
    jar: 'rocketmq-controller-',
    confFlag: '-c',
    logback: 'rmq.controller.logback.xml',
  },
  broker: {
    main: 'org.apache.rocketmq.broker.BrokerStartup',
    jar: 'rocketmq-broker-',
    confFlag: '-c',
    logback: 'rmq.broker.logback.xml',
  },
  proxy: {
    main: 'org.apache.rocketmq.proxy.ProxyStartup',
    jar: 'rocketmq-proxy-',
    confFlag: '-pc',
    logback: 'rmq.proxy.logback.xml',
  },
}

/** The broker reaches into the JDK (direct buffers, mapped files), which Java keeps closed from 17 on without these. */
export const openPackages = [
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED',
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
]

/** Enough for what is no broker, and for a broker one tries out. */
export const apacheHeapSmall = '512m'

/** The Java of JAVA_HOME, or the first on PATH. */
export function javaProgram(): string {
  const javaHome = process.env['JAVA_HOME']
  return javaHome === undefined || javaHome === '' ? 'java' : join(javaHome, 'bin', 'java')
}

/** Start of the name of the jar that a server is in. */
export const apacheJar = (kind: PlanNode['kind']): string => servers[kind].jar

/** Where Apache's servers write what does not go to their output: nearly everything. */
export const apacheLogFolder = ({ dataDir }: PlanNode): string => join(dataDir, 'logs', 'rocketmqlogs')

/** What `java` is given to run the server of a node, the release's folder being `home`. `logback`: file or resource that says where its logs go. */
export function apacheArguments(
  { kind, dataDir, confFile, javaOptions = [] }: Pick<PlanNode, 'kind' | 'dataDir' | 'confFile' | 'javaOptions'>,
  home: string,
  heap = apacheHeapSmall,
  logback = servers[kind].logback,
): string[] {
  const { main, confFlag } = servers[kind]
  return [
    `-Xms${heap}`,
    `-Xmx${heap}`,
    `-XX:MaxDirectMemorySize=${heap}`,
    // Its logs go to ~/logs, and a store without a path of its own to ~/store.
    `-Duser.home=${dataDir}`,
    `-Drmq.logback.configurationFile=${logback}`,
    '-Dlogback.statusListenerClass=org.apache.rocketmq.logging.ch.qos.logback.core.status.NopStatusListener',
    ...javaOptions,
    '-cp',
    join(home, 'lib', '*'),
    main,
    confFlag,
    confFile.path,
  ]
}

/** @throws Error when it is not said where Apache RocketMQ is. */
export function apacheCommand(node: PlanNode, { apacheHome, apacheHeap }: Programs): NodeCommand {
  if (apacheHome === undefined) throw new Error(`${node.id} runs Apache RocketMQ: set platform.process.apacheHome`)
  return {
    command: javaProgram(),
    args: [...openPackages, ...apacheArguments(node, apacheHome, apacheHeap)],
    env: { ROCKETMQ_HOME: apacheHome },
  }
}
