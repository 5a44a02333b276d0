import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Plan, planCluster } from '../../components/plan/plan.ts'
import type { ClusterConfigInput } from '../../components/plan/schema/cluster-config.ts'
import { parseStackFile } from '../../components/plan/stack-file.ts'
import { lockHolder } from '../../components/platform/process/data-dir-lock.ts'
import { GantryCommand, isListening, runGantry } from '../e2e/gantry-command.ts'
import { KillTimes } from './kill-times.ts'

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
    const { exitCode, stdout, stderr } = await runGantry(this.#upTo(config, allow), this.#dir)
    if (exitCode !== 0) throw new Error(`gantry up ended with ${exitCode}:\n${stdout}${stderr}`)
    return stdout
  }

  /**
   * The same by a tool that is killed, with its supervisor, when a step begins and when its waits do: each time somebody starts
   * it again. Resolves when the change is made; the nodes run all the while.
   * @returns how often it was killed
   */
  async changeKilledAtEachStep(config: ClusterConfigInput, allow: readonly string[] = []): Promise<number> {
    const args = this.#upTo(config, allow)
    const times = new KillTimes(dataDir(this.#dir))
    for (;;) {
      times.nextRun()
      const command = new GantryCommand(args, this.#dir)
      const ended = command.ended()
      if (await times.isTime(ended)) {
        const supervisor = lockHolder(dataDir(this.#dir))
        command.child.kill('SIGKILL')
        if (supervisor !== undefined) process.kill(supervisor.pid, 'SIGKILL')
      }
      const exitCode = await ended
      if (exitCode === 0) return times.count
      if (exitCode !== null && exitCode !== 1) throw new Error(`gantry up: ${command.stdout}${command.stderr}`)
      times.checkProgress(`${command.stdout}${command.stderr}`)
    }
  }

  /** Writes the stack file. @returns the arguments that bring it up */
  #upTo(config: ClusterConfigInput, allow: readonly string[]): string[] {
    this.plan = planOf(this.#dir, config, this.#basePort)
    writeFileSync(join(this.#dir, FILE), textOf(config))
    const args = ['up', `./${FILE}`, '--detach', '--data-dir', dataDir(this.#dir), '--base-port', `${this.#basePort}`]
    return [...args, ...allow.flatMap((name) => ['--allow', name])]
  }

  nameServersOf(config: ClusterConfigInput): string[] {
    return planOf(this.#dir, config, this.#basePort).namesrvAddr.split(';')
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

/** Another cluster of this process takes them in a moment. */
const given = new Set<number>()

async function freeBasePort(dir: string, config: ClusterConfigInput): Promise<number> {
  for (let attempt = 0; attempt < BASE_PORTS; attempt++) {
    const basePort = FIRST_BASE_PORT + ((process.pid + attempt) % BASE_PORTS) * BASE_PORT_STEP
    if (given.has(basePort)) continue
    given.add(basePort)
    const all = planOf(dir, config, basePort).nodes.flatMap((node) => node.ports.map(({ port }) => port))
    // Two hosts may use a port each, and are looked for on one.
    const ports = [...new Set(all)]
    if (!(await Promise.all(ports.map(isListening))).includes(true)) return basePort
  }
  throw new Error(`no free ports for a cluster from ${FIRST_BASE_PORT} on`)
}
