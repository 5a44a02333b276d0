import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { planCluster } from '../../components/plan/plan.ts'
import type { BrokerNode, PlanNode } from '../../components/plan/plan-node.ts'
import type { ClusterConfigInput } from '../../components/plan/schema/cluster-config.ts'
import { parseStackFile } from '../../components/plan/stack-file.ts'
import { type NodeState, nodeLogFile, readState } from '../../components/platform/process/cluster-state.ts'
import { isRunning, type ProcessRef } from '../../components/platform/process/process-identity.ts'
import type { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { waitUntil } from '../compat/server.ts'
import { GantryCommand, isListening } from '../e2e/gantry-command.ts'
import { groupState, leadingController, openClient, whatIsMissingIn } from './group-state.ts'

/** Of which Java needs half a minute for a start, on a busy machine. */
const WHOLE_WITHIN_MS = 180_000
const NOTICED_WITHIN_MS = 10_000
const FIRST_BASE_PORT = 12_000
const BASE_PORTS = 80
const BASE_PORT_STEP = 100

export interface StackOptions {
  /** A stack of the folder stacks/. */
  readonly stack: string
  readonly dir: string
  /** Fewer groups than the stack has save processors. */
  readonly groups: number
  /** Laid over what the stack says. */
  readonly config?: Partial<ClusterConfigInput>
  /** Replicas of a group that have to be in sync for the cluster to be whole. Left out: all. */
  readonly inSync?: number
}

/** A cluster as `gantry up` runs it: the supervisor restarts what dies. */
export class StackCluster {
  readonly nodes: readonly PlanNode[]
  readonly namesrvAddr: string
  readonly client: RemotingClient = openClient()
  readonly #dataDir: string
  readonly #command: GantryCommand
  readonly #controllerAddr: string
  readonly #inSync: number | undefined

  private constructor(
    command: GantryCommand,
    { dataDir, inSync }: { readonly dataDir: string; readonly inSync: number | undefined },
    plan: ReturnType<typeof planCluster>,
  ) {
    this.#command = command
    this.#dataDir = dataDir
    this.#inSync = inSync
    this.nodes = plan.nodes
    this.namesrvAddr = plan.namesrvAddr
    this.#controllerAddr = plan.controllerAddr
  }

  /** Starts it and waits until every node is healthy. */
  static async start({ stack, dir, groups, config, inSync }: StackOptions): Promise<StackCluster> {
    mkdirSync(dir, { recursive: true })
    const dataDir = join(dir, 'data')
    const text = stackText(stack, groups, config ?? {})
    const file = join(dir, 'Pulumi.failover.yaml')
    writeFileSync(file, text)
    const { basePort, plan } = await planOnFreePorts(text, dataDir)
    const args = ['up', './Pulumi.failover.yaml', '--base-port', String(basePort), '--data-dir', dataDir]
    const command = new GantryCommand(args, dir)
    const cluster = new StackCluster(command, { dataDir, inSync }, plan)
    running.add(cluster)
    await command.printed('Ctrl-C stops the cluster.')
    return cluster
  }

  get nameServers(): readonly string[] {
    return this.namesrvAddr.split(';')
  }

  get controllers(): readonly string[] {
    return this.#controllerAddr.split(';')
  }

  get groups(): readonly string[] {
    return [...new Set(this.brokers.map(({ group }) => group))]
  }

  get brokers(): readonly BrokerNode[] {
    return this.nodes.filter((node) => node.kind === 'broker')
  }

  brokersOf(group: string): readonly BrokerNode[] {
    return this.brokers.filter((node) => node.group === group)
  }

  /** The node behind a broker's address. */
  brokerAt(address: string): BrokerNode {
    const found = this.brokers.find((node) => addressOf(node) === address)
    if (found === undefined) throw new Error(`no broker of this cluster has the address ${address}`)
    return found
  }

  /** The node that runs the leading controller. */
  async leadingNode(): Promise<PlanNode | undefined> {
    const leader = await leadingController(this.client, this.controllers)
    return leader === undefined ? undefined : this.#nodeOfController(leader)
  }

  async masterOf(group: string): Promise<string | undefined> {
    return (await groupState(this.client, this.controllers, group))?.master
  }

  logFile(nodeId: string): string {
    return nodeLogFile(this.#dataDir, nodeId)
  }

  /** The process that got it; undefined when none of this node runs at the moment. */
  signal(nodeId: string, signal: NodeJS.Signals): ProcessRef | undefined {
    const ref = this.#state(nodeId)?.process
    if (ref === undefined || !isRunning(ref)) return undefined
    process.kill(ref.pid, signal)
    return ref
  }

  /** Resolves when the supervisor has noticed that a process which was killed is gone. */
  async awaitNoticed(nodeId: string, killed: ProcessRef): Promise<void> {
    await waitUntil(`the supervisor notices the death of ${nodeId}`, NOTICED_WITHIN_MS, () => {
      return this.#state(nodeId)?.process?.identity !== killed.identity
    })
  }

  /**
   * Waits until everything runs and as many as are asked for are in sync, whoever is master. Throws with what is missing
   * when that takes too long.
   */
  async awaitWhole(limitMs = WHOLE_WITHIN_MS): Promise<void> {
    let missing = ''
    await waitUntil('the cluster is whole', limitMs, async () => {
      missing = (await this.whatIsMissing()) ?? ''
      return missing === ''
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${missing}`)
    })
  }

  async whatIsMissing(): Promise<string | undefined> {
    for (const { id } of this.nodes) {
      const state = this.#state(id)
      const isUp = state?.process !== undefined && isRunning(state.process)
      // A broker that is not in sync is not healthy.
      if (!isUp || (this.#inSync === undefined && state.phase !== 'healthy'))
        return `${id} is ${state?.phase}: ${state?.trouble ?? ''}`
    }
    for (const controller of this.controllers) {
      if ((await leadingController(this.client, [controller])) === controller) continue
      if ((await groupState(this.client, [controller], this.groups[0]!)) === undefined) continue
      return `controller ${controller} answers as if it led`
    }
    for (const group of this.groups) {
      const missing = await whatIsMissingIn(this, group, this.#inSync ?? this.brokersOf(group).length)
      if (missing !== undefined) return missing
    }
    return undefined
  }

  /** How the supervisor ended, and what is left of it. */
  async stop(): Promise<void> {
    running.delete(this)
    this.client.close()
    if (this.#command.child.exitCode === null) this.#command.child.kill('SIGINT')
    const code = await this.#command.ended()
    if (code !== 0) throw new Error(`gantry up ended with ${code}: ${this.#command.stderr}`)
  }

  #nodeOfController(address: string): PlanNode {
    const port = Number(address.split(':')[1])
    const found = this.nodes.find(({ kind, ports }) => kind !== 'broker' && ports.some((use) => use.port === port))
    if (found === undefined) throw new Error(`no node of this cluster has the controller ${address}`)
    return found
  }

  #state(nodeId: string): NodeState | undefined {
    return readState(this.#dataDir)?.nodes.find(({ id }) => id === nodeId)
  }
}

const running = new Set<StackCluster>()

/** Stops what a scenario that failed has left running. */
export async function stopAllClusters(): Promise<void> {
  for (const cluster of [...running]) await cluster.stop()
}

export const addressOf = ({ advertisedAddress, port }: PlanNode): string => `${advertisedAddress}:${port}`

function stackText(stack: string, groups: number, overlay: Partial<ClusterConfigInput>): string {
  const path = join(import.meta.dirname, '../../stacks', `Pulumi.${stack}.yaml`)
  const { config } = parse(readFileSync(path, 'utf8')) as { config: { 'gantry:cluster': ClusterConfigInput } }
  const cluster = config['gantry:cluster']
  const laid = { ...cluster, groups: cluster.groups.slice(0, groups), ...overlay }
  return stringify({ config: { 'gantry:cluster': laid } })
}

async function planOnFreePorts(text: string, dataDir: string) {
  const config = parseStackFile(text)
  for (let attempt = 0; attempt < BASE_PORTS; attempt++) {
    const basePort = FIRST_BASE_PORT + ((process.pid + attempt) % BASE_PORTS) * BASE_PORT_STEP
    const plan = planCluster(config, { localDataDir: dataDir, basePort })
    const ports = plan.nodes.flatMap((node) => node.ports.map(({ port }) => port))
    if (!(await Promise.all(ports.map(isListening))).includes(true)) return { basePort, plan }
  }
  throw new Error(`no free ports for a cluster from ${FIRST_BASE_PORT} on`)
}
