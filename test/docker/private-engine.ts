import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DockerEndpoint } from '../../components/platform/docker/engine/docker-endpoint.ts'
import { EngineClient } from '../../components/platform/docker/engine/engine-client.ts'
import { inNamespace } from './host-network.ts'
import { installMissing } from './install-packages.ts'

/** Debian's packages for what an engine of our own needs. */
const packages: Readonly<Record<string, string>> = { dockerd: 'docker.io', iptables: 'iptables' }
const readyWithinMs = 30_000
const pollMs = 50
const logLinesShown = 15

export interface EngineOptions {
  /** The network namespace it runs in. Default: the one of this process. */
  readonly namespace?: string
  /** Further flags of dockerd. */
  readonly flags?: readonly string[]
}

const running = new Set<PrivateEngine>()

/**
 * A Docker Engine of our own: its own files, socket and networks, no default bridge. Several may run at a time. Needs Linux
 * and root; `dockerd` and `iptables` are installed where they are missing.
 */
export class PrivateEngine {
  readonly endpoint: DockerEndpoint
  readonly client: EngineClient
  readonly #folder: string
  readonly #daemon: ChildProcess
  readonly #ended: Promise<void>

  private constructor(folder: string, { namespace, flags = [] }: EngineOptions) {
    this.#folder = folder
    this.endpoint = { host: `unix://${folder}/docker.sock` }
    this.client = new EngineClient(this.endpoint)
    const own = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')]
    own.push('--pidfile', join(folder, 'dockerd.pid'), '--host', this.endpoint.host, '--bridge=none', ...flags)
    const daemon = ['dockerd', ...own]
    const [command = '', ...args] = namespace === undefined ? daemon : inNamespace(namespace, daemon)
    this.#daemon = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    this.#daemon.stderr?.pipe(createWriteStream(this.#log))
    this.#ended = new Promise((resolve) => {
      this.#daemon.once('error', () => resolve())
      this.#daemon.once('close', () => resolve())
    })
  }

  /** Ends all engines of this process when it is told to end. */
  static stopOnSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        const ends = [...running].map((engine) => engine.stop())
        void Promise.allSettled(ends).then(() => process.exit(1))
      })
    }
  }

  /** @throws Error with the last lines of its log when it does not come up */
  static async start(options: EngineOptions = {}): Promise<PrivateEngine> {
    installMissing(packages)
    // Short: the path of a socket has a limit of 107 bytes.
    const engine = new PrivateEngine(mkdtempSync(join(tmpdir(), 'gantry-docker-')), options)
    running.add(engine)
    const deadlineMs = performance.now() + readyWithinMs
    while (!(await engine.#answers())) {
      const gone = engine.#daemon.exitCode !== null || engine.#daemon.pid === undefined
      if (gone || performance.now() > deadlineMs) {
        const log = existsSync(engine.#log) ? readFileSync(engine.#log, 'utf8') : ''
        await engine.stop()
        throw new Error(`dockerd did not come up:\n${log.trim().split('\n').slice(-logLinesShown).join('\n')}`)
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
    return engine
  }

  /** Ends it with all its containers and removes its files. */
  async stop(): Promise<void> {
    running.delete(this)
    if (await this.#answers()) {
      const containers = await this.client.ask<{ Id: string }[]>('GET', '/containers/json?all=1')
      await Promise.all(containers.map(({ Id }) => this.client.ask('DELETE', `/containers/${Id}?force=1&v=1`)))
      const networks = await this.client.ask<{ Id: string; Driver: string }[]>('GET', '/networks')
      const made = networks.filter(({ Driver }) => Driver === 'bridge')
      await Promise.all(made.map(({ Id }) => this.client.ask('DELETE', `/networks/${Id}`)))
    }
    this.#daemon.kill('SIGTERM')
    await this.#ended
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #log(): string {
    return join(this.#folder, 'dockerd.log')
  }

  async #answers(): Promise<boolean> {
    try {
      const answer = await this.client.open('GET', '/_ping')
      answer.resume()
      return true
    } catch (error) {
      if (error instanceof Error) return false
      throw error
    }
  }
}
