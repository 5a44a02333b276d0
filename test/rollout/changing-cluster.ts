import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Plan, planCluster } from '../../components/plan/plan.ts'
import type { ClusterConfigInput } from '../../components/plan/schema/cluster-config.ts'
import { parseStackFile } from '../../components/plan/stack-file.ts'
import { isListening, runGantry } from '../e2e/gantry-command.ts'

const FIRST_BASE_PORT = 12_000
const BASE_PORTS = 80
const BASE_PORT_STEP = 100
const FILE = 'Pulumi.rollout.yaml'

/** A cluster that users run with `gantry up --detach`, and change by the same command on the changed file. */
export class ChangingCluster {
  readonly #dir: string
  readonly #basePort: number
  plan: Plan

  private constructor(dir: string, basePort: number, plan: Plan) {
    this.#dir = dir
    this.#basePort = basePort
    this.plan = plan
  }

  /** Starts it; resolves when it is ready. */
  static async start(dir: string, config: ClusterConfigInput): Promise<ChangingCluster> {
    mkdirSync(dir, { recursive: true })
    const basePort = await freeBasePort(dir, config)
    const cluster = new ChangingCluster(dir, basePort, planOf(dir, config, basePort))
    running.add(cluster)
    await cluster.change(config)
    return cluster
  }

  /** What users do: the file says something else, and `gantry up` makes it so. Resolves when that is done. */
  async change(config: ClusterConfigInput, allow: readonly string[] = []): Promise<string> {
    this.plan = planOf(this.#dir, config, this.#basePort)
    writeFileSync(join(this.#dir, FILE), textOf(config))
    const args = ['up', `./${FILE}`, '--detach', '--data-dir', dataDir(this.#dir), '--base-port', `${this.#basePort}`]
    const { exitCode, stdout, stderr } = await runGantry(
      [...args, ...allow.flatMap((name) => ['--allow', name])],
      this.#dir,
    )
    if (exitCode !== 0) throw new Error(`gantry up ended with ${exitCode}:\n${stdout}${stderr}`)
    return stdout
  }

  get nameServers(): string[] {
    return this.plan.namesrvAddr.split(';')
  }

  get groups(): string[] {
    return [...new Set(this.plan.nodes.flatMap((node) => (node.kind === 'broker' ? [node.group] : [])))]
  }

  async stop(): Promise<void> {
    running.delete(this)
    const { exitCode, stderr } = await runGantry(['down', '--data-dir', dataDir(this.#dir)], this.#dir)
    if (exitCode !== 0) throw new Error(`gantry down ended with ${exitCode}: ${stderr}`)
  }
}

const running = new Set<ChangingCluster>()

/** Stops what a trial that failed has left running. */
export async function stopAllClusters(): Promise<void> {
  for (const cluster of [...running]) await cluster.stop()
}

const dataDir = (dir: string): string => join(dir, 'data')

const textOf = (config: ClusterConfigInput): string => stringify({ config: { 'gantry:cluster': config } })

const planOf = (dir: string, config: ClusterConfigInput, basePort: number): Plan =>
  planCluster(parseStackFile(textOf(config)), { localDataDir: dataDir(dir), basePort })

async function freeBasePort(dir: string, config: ClusterConfigInput): Promise<number> {
  for (let attempt = 0; attempt < BASE_PORTS; attempt++) {
    const basePort = FIRST_BASE_PORT + ((process.pid + attempt) % BASE_PORTS) * BASE_PORT_STEP
    const ports = planOf(dir, config, basePort).nodes.flatMap((node) => node.ports.map(({ port }) => port))
    if (!(await Promise.all(ports.map(isListening))).includes(true)) return basePort
  }
  throw new Error(`no free ports for a cluster from ${FIRST_BASE_PORT} on`)
}
