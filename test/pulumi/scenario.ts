import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning, type ProcessRef } from '../../components/platform/process/process-identity.ts'
import type { DockerLab } from './docker-lab.ts'
import type { Engine, RunOptions, RunResult, Verb } from './engine/engine.ts'
import type { Operation } from './engine/step-log.ts'
import type { TestProject } from './test-project.ts'

/** A test: its own project, an engine for it, and what went before kept for the error message. */
export class Scenario {
  readonly project: TestProject
  readonly engine: Engine
  /** Where it needs a Docker host. */
  readonly lab: DockerLab | undefined
  readonly #dataDir: string

  constructor(project: TestProject, engine: Engine, dataDir = project.dataDir, lab?: DockerLab) {
    this.project = project
    this.engine = engine
    this.#dataDir = dataDir
    this.lab = lab
  }

  /** @throws Error when the run fails. */
  async run(verb: Verb): Promise<RunResult> {
    const result = await this.engine.run(verb)
    if (!result.ok) throw new Error(`${verb} failed: ${result.errors.join('\n')}\n${result.output}`)
    return result
  }

  attempt(verb: Verb, options: RunOptions = {}): Promise<RunResult> {
    return this.engine.run(verb, options)
  }

  /** Processes of the nodes as their folders name them; those that do not run any more are left out. */
  processes(): ReadonlyMap<string, ProcessRef> {
    const found = new Map<string, ProcessRef>()
    for (const node of this.folders()) {
      const record = join(this.#dataDir, node, 'process.json')
      if (!existsSync(record)) continue
      const { process: ref } = JSON.parse(readFileSync(record, 'utf8')) as { process: ProcessRef }
      if (isRunning(ref)) found.set(node, ref)
    }
    return found
  }

  /** Names of the nodes that have a folder. */
  folders(): string[] {
    return existsSync(this.#dataDir) ? readdirSync(this.#dataDir).sort() : []
  }

  kill(node: string): void {
    const ref = this.processes().get(node)
    if (ref === undefined) throw new Error(`${node} does not run`)
    process.kill(ref.pid, 'SIGKILL')
  }

  confFile(node: string): string {
    return join(this.#dataDir, node, node.startsWith('namesrv') ? 'namesrv.conf' : 'broker.conf')
  }
}

/** Names of the resources with a provider that a run did this to, in order. */
export function namesOf(result: RunResult, operation: Operation): string[] {
  return result.steps
    .filter((step) => step.operation === operation && /pulumi-nodejs:dynamic|docker:index/.test(step.urn))
    .map(({ urn }) => urn.slice(urn.lastIndexOf('::') + 2))
}

/** Operations other than "same". */
export const changesOf = (result: RunResult): string[] =>
  result.steps.filter(({ operation }) => operation !== 'same').map(({ operation, urn }) => `${operation} ${urn}`)
