import type { EngineClient } from '../../components/platform/docker/engine/engine-client.ts'
import { buildImage } from '../../components/platform/docker/image/build-image.ts'
import { buildJavaClient, fetchApache } from '../compat/toolchain.ts'
import { makeJavaImage } from '../docker/java-image.ts'
import { PrivateEngine } from '../docker/private-engine.ts'

const waitMs = 30_000
const pollMs = 50

/** A Docker host of the tests: an engine with the image on it, and what is on it now. */
export class DockerLab {
  readonly #private: PrivateEngine
  #java: Promise<void> | undefined

  private constructor(engine: PrivateEngine) {
    this.#private = engine
  }

  /** @param engine Default: one of its own. */
  static async open(engine?: PrivateEngine): Promise<DockerLab> {
    const lab = new DockerLab(engine ?? (await PrivateEngine.start()))
    await buildImage(lab.engine, { print: () => {} })
    return lab
  }

  /** What official clients and servers need. */
  prepareJava(): Promise<void> {
    this.#java ??= prepareJava(this.engine)
    return this.#java
  }

  get engine(): EngineClient {
    return this.#private.client
  }

  get host(): string {
    return this.#private.endpoint.host
  }

  /** Names of the containers there are, and whether each runs. */
  async containers(): Promise<Map<string, { readonly id: string; readonly isRunning: boolean }>> {
    const all = await this.engine.ask<{ Id: string; Names: string[]; State: string }[]>('GET', '/containers/json?all=1')
    const named = all.map(({ Id, Names, State }) => {
      const [name = ''] = Names
      return [name.slice(1), { id: Id, isRunning: State === 'running' }] as const
    })
    return new Map(named.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  async volumes(): Promise<string[]> {
    const { Volumes } = await this.engine.ask<{ Volumes: { Name: string }[] | null }>('GET', '/volumes')
    return (Volumes ?? []).map(({ Name }) => Name).sort()
  }

  /** Networks that were made. */
  async networks(): Promise<string[]> {
    const all = await this.engine.ask<{ Name: string; Driver: string }[]>('GET', '/networks')
    return all.filter(({ Driver }) => Driver === 'bridge').map(({ Name }) => Name)
  }

  /** Runs a program in a container and gives what it wrote. */
  async exec(container: string, ...Cmd: string[]): Promise<string> {
    const json = { Cmd, AttachStdout: true, AttachStderr: true, Tty: true }
    const { Id } = await this.engine.ask<{ Id: string }>('POST', `/containers/${container}/exec`, { json })
    let text = ''
    const output = await this.engine.open('POST', `/exec/${Id}/start`, { json: { Tty: true } })
    for await (const chunk of output) text += String(chunk)
    return text
  }

  /** How often the engine has started a container again. */
  async restarts(container: string): Promise<number> {
    const { RestartCount } = await this.engine.ask<{ RestartCount: number }>('GET', `/containers/${container}/json`)
    return RestartCount
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + waitMs
    while (!(await condition())) {
      if (performance.now() > deadlineMs) throw new Error(`not within ${waitMs} ms: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  async kill(container: string): Promise<void> {
    await this.engine.ask('POST', `/containers/${container}/kill`)
  }

  async remove(container: string): Promise<void> {
    await this.engine.ask('DELETE', `/containers/${container}?force=1`)
  }

  /** Takes away what a scenario has left: the next one starts on an empty host. */
  async clear(): Promise<void> {
    for (const name of (await this.containers()).keys()) await this.remove(name)
    for (const name of await this.networks()) await this.engine.ask('DELETE', `/networks/${name}`)
    for (const name of await this.volumes()) await this.engine.ask('DELETE', `/volumes/${name}?force=1`)
  }

  async close(): Promise<void> {
    await this.#private.stop()
  }
}

async function prepareJava(engine: EngineClient): Promise<void> {
  await fetchApache()
  await buildJavaClient()
  await makeJavaImage(engine)
}
