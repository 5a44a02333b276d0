/*
 * The engine's image, in containers of a Docker Engine of our own: `node test/docker/run.ts [words of a check's name]`.
 * Needs Linux and root. The last line is `N passed, N failed`.
 */
import assert from 'node:assert/strict'
import type { EngineClient } from '../../components/platform/docker/engine/engine-client.ts'
import { EngineError } from '../../components/platform/docker/engine/engine-client.ts'
import { buildImage, engineImage } from '../../components/platform/docker/image/build-image.ts'
import { PrivateEngine } from './private-engine.ts'

interface Inspection {
  readonly State: { readonly Pid: number; readonly ExitCode: number }
}

const healthcheck = ['gantry-healthcheck']
const hardened = { ReadonlyRootfs: true, CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'], Tmpfs: { '/tmp': '' } }
const readyWithinMs = 20_000

/** Containers of one engine, by name. */
class Containers {
  readonly #engine: EngineClient

  constructor(engine: EngineClient) {
    this.#engine = engine
  }

  async run(name: string, command: readonly string[], host: object = {}): Promise<void> {
    const HostConfig = { NetworkMode: 'none', ...hardened, ...host }
    const json = { Image: engineImage, Cmd: command, HostConfig }
    await this.#engine.ask('POST', `/containers/create?name=${name}`, { json })
    await this.#engine.ask('POST', `/containers/${name}/start`)
  }

  async logged(name: string, words: string): Promise<void> {
    const deadlineMs = performance.now() + readyWithinMs
    for (;;) {
      const log = await textOf(this.#engine, 'GET', `/containers/${name}/logs?stdout=1&stderr=1`)
      if (log.includes(words)) return
      if (performance.now() > deadlineMs) throw new Error(`${name} does not say "${words}", but: ${log}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** @returns exit code and everything it wrote */
  async exec(name: string, ...command: string[]): Promise<{ code: number; text: string }> {
    const json = { Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true }
    const { Id } = await this.#engine.ask<{ Id: string }>('POST', `/containers/${name}/exec`, { json })
    const text = await textOf(this.#engine, 'POST', `/exec/${Id}/start`, { json: { Tty: true } })
    const { ExitCode } = await this.#engine.ask<{ ExitCode: number }>('GET', `/exec/${Id}/json`)
    return { code: ExitCode, text: text.trim() }
  }

  inspect(name: string): Promise<Inspection> {
    return this.#engine.ask('GET', `/containers/${name}/json`)
  }

  async stop(name: string): Promise<void> {
    await this.#engine.ask('POST', `/containers/${name}/stop?t=20`)
  }

  async removeAll(): Promise<void> {
    const all = await this.#engine.ask<{ Id: string }[]>('GET', '/containers/json?all=1')
    await Promise.all(all.map(({ Id }) => this.#engine.ask('DELETE', `/containers/${Id}?force=1`)))
  }
}

async function textOf(engine: EngineClient, method: string, path: string, body?: { json: unknown }): Promise<string> {
  let text = ''
  for await (const chunk of await engine.open(method, path, body)) text += String(chunk)
  return text
}

type Check = (containers: Containers, engine: EngineClient) => Promise<void>

const checks: readonly (readonly [name: string, check: Check])[] = [
  [
    'a broker runs without privileges on a read-only file system, answers its health check and stops in good order',
    async (containers) => {
      await containers.run('broker', ['mqbroker'], { Binds: ['/var/lib/gantry'], Memory: 512 * 1024 * 1024 })
      await containers.logged('broker', 'boot success')
      assert.deepEqual(await containers.exec('broker', ...healthcheck), { code: 0, text: '127.0.0.1:10911 answers' })
      const user = await containers.exec('broker', 'node', '-e', 'process.stdout.write(String(process.getuid()))')
      assert.equal(user.text, '10001')
      const startMs = performance.now()
      await containers.stop('broker')
      assert.ok(performance.now() - startMs < 10_000, 'it was not waited for until it was killed')
      assert.equal((await containers.inspect('broker')).State.ExitCode, 0)
    },
  ],
  [
    'what a broker keeps in its volume is there for the next container',
    async (containers, engine) => {
      const volume = { Binds: ['store:/var/lib/gantry'] }
      await containers.run('first', ['mqbroker'], volume)
      await containers.logged('first', 'boot success')
      const made = await containers.exec('first', 'mqadmin', 'updateTopic', '-b', '127.0.0.1:10911', '-t', 'kept')
      assert.equal(made.code, 0, made.text)
      await containers.stop('first')
      await engine.ask('DELETE', '/containers/first')
      await containers.run('second', ['mqbroker'], volume)
      await containers.logged('second', 'boot success')
      const print = 'process.stdout.write(fs.readFileSync("/var/lib/gantry/store/config/topics.json"))'
      assert.match((await containers.exec('second', 'node', '-e', print)).text, /"kept"/)
    },
  ],
  [
    'a NameServer stops being healthy when its process hangs',
    async (containers) => {
      await containers.run('namesrv', ['mqnamesrv'])
      await containers.logged('namesrv', 'boot success')
      assert.equal((await containers.exec('namesrv', ...healthcheck)).code, 0)
      process.kill((await containers.inspect('namesrv')).State.Pid, 'SIGSTOP')
      const { code, text } = await containers.exec('namesrv', ...healthcheck)
      assert.deepEqual([code, text], [1, '127.0.0.1:9876 did not answer within 4000 ms'])
    },
  ],
  [
    'mqadmin is there by its name, and an unknown program is refused',
    async (containers) => {
      await containers.run('namesrv', ['mqnamesrv'])
      await containers.logged('namesrv', 'boot success')
      const { code, text } = await containers.exec('namesrv', 'mqadmin', 'clusterList', '-n', '127.0.0.1:9876')
      assert.equal(code, 0, text)
      assert.match(text, /#Cluster Name/)
      await containers.run('wrong', ['mqbrokr'])
      await containers.logged('wrong', 'gantry: give a program to run')
    },
  ],
  [
    'a second build of the same sources changes nothing',
    async (_, engine) => {
      const { Id } = await engine.ask<{ Id: string }>('GET', `/images/${engineImage}/json`)
      assert.equal((await buildImage(engine, { print: () => {} })).id, Id)
    },
  ],
  [
    'a build that fails says why',
    async (_, engine) => {
      const build = buildImage(engine, { tag: 'other:1', base: 'not.there/image:1', print: () => {} })
      await assert.rejects(build, (error: Error) => error instanceof EngineError || /not built/.test(error.message))
    },
  ],
]

const words = process.argv.slice(2)
let passed = 0
let failed = 0
PrivateEngine.stopOnSignals()
const engine = await PrivateEngine.start()
try {
  const { sizeBytes } = await buildImage(engine.client, { print: () => {} })
  process.stdout.write(`${engineImage}: ${Math.round(sizeBytes / 1_000_000)} MB\n`)
  for (const [name, check] of checks) {
    if (!words.every((word) => name.includes(word))) continue
    const containers = new Containers(engine.client)
    try {
      await check(containers, engine.client)
      passed++
      process.stdout.write(`ok   ${name}\n`)
    } catch (error) {
      failed++
      process.stdout.write(`FAIL ${name}\n${error instanceof Error ? error.stack : error}\n`)
    }
    await containers.removeAll()
  }
} finally {
  await engine.stop()
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
