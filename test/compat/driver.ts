import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What a client program reports about one scenario. */
export type ScenarioResult = {
  scenario: string
  ok: boolean
  sent: number
  received: number
  duplicates: number
  lost: number
  faults: string[]
  ms: number
}

type Line = { id: number; event?: string; out?: string; error?: string } & Partial<ScenarioResult>
type Pending = { resolve: (line: Line) => void; reject: (error: Error) => void; onEvent: (event: string) => void }

/** One scenario under way in the driver: events it emits, signals it waits for, its result. */
export type RunningScenario = {
  result: Promise<ScenarioResult>
  signal: (name: string) => void
  awaitEvent: (event: string) => Promise<void>
}

const javaDir = join(import.meta.dirname, 'java')
/** More than the limits of what a scenario waits for, one after another. */
const requestLimitMs = 600_000
const RAN_OUT_OF_TIME = /RemotingTimeoutException/

/** One long-lived JVM that runs scenarios of the official Java client and official mqadmin commands, asked over its standard input. */
export class Driver {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, Pending>()
  readonly #ended: Promise<void>
  #nextId = 1
  #stderr = ''

  /** `serialization` is the header serialization of everything this JVM sends; `home` receives its logs; `flags`: further ones for Java. */
  constructor(serialization: 'JSON' | 'ROCKETMQ', home: string, flags: readonly string[] = []) {
    mkdirSync(home, { recursive: true })
    const child = spawn(
      'java',
      [
        '-Xmx384m',
        '-XX:TieredStopAtLevel=1',
        '-XX:+UseSerialGC',
        `-Drocketmq.serialize.type=${serialization}`,
        `-Duser.home=${home}`,
        `-Drocketmq.client.localOffsetStoreDir=${join(home, 'offsets')}`,
        '-Drocketmq.client.rebalance.waitInterval=1000',
        '-Drocketmq.client.rebalance.minInterval=200',
        '-Drocketmq.client.rebalance.lockInterval=1000',
        '-Drocketmq.log.level=warn',
        '-Drmq.logback.configurationFile=rmq.client.logback.xml',
        `-Djava.io.tmpdir=${home}`,
        ...flags,
        '-cp',
        `${join(javaDir, 'target/classes')}:${join(javaDir, 'target/lib')}/*`,
        'gantry.compat.Main',
        'serve',
      ],
      // Official mqadmin writes files (consumerStatus) into its working folder.
      { stdio: ['pipe', 'pipe', 'pipe'], cwd: home },
    )
    this.#child = child
    child.stderr?.on('data', (chunk) => {
      this.#stderr = (this.#stderr + String(chunk)).slice(-4000)
    })
    createInterface({ input: child.stdout! }).on('line', (line) => this.#onLine(line))
    this.#ended = new Promise((resolve) => {
      const done = (): void => {
        for (const pending of this.#pending.values())
          pending.reject(new Error(`the Java driver ended: ${this.#stderr}`))
        this.#pending.clear()
        resolve()
      }
      child.once('error', done)
      child.once('exit', done)
    })
  }

  #onLine(text: string): void {
    if (!text.startsWith('{')) return
    const line = JSON.parse(text) as Line
    const pending = this.#pending.get(line.id)
    if (line.event !== undefined) {
      pending?.onEvent(line.event)
      return
    }
    this.#pending.delete(line.id)
    pending?.resolve(line)
  }

  #request(
    fields: Record<string, unknown>,
    onEvent: (event: string) => void = () => {},
    limitMs = requestLimitMs,
  ): { id: number; answer: Promise<Line> } {
    const id = this.#nextId++
    const answer = new Promise<Line>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new Error(`the Java driver did not answer ${JSON.stringify(fields)} within ${limitMs} ms`))
      }, limitMs)
      this.#pending.set(id, {
        resolve: (line) => {
          clearTimeout(timer)
          resolve(line)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
        onEvent,
      })
    })
    this.#child.stdin?.write(`${JSON.stringify({ id, ...fields })}\n`)
    return { id, answer }
  }

  /**
   * Runs an official mqadmin command in the JVM and returns what it printed. The tool waits 3 to 5 s for an answer, which a machine
   * with much else to do may miss: a command that ran into that is given once more, and that is said.
   */
  async mqadmin(...args: string[]): Promise<string> {
    const text = await this.#mqadminOnce(args)
    if (!RAN_OUT_OF_TIME.test(text)) return text
    console.log(`     official mqadmin ${args.join(' ')}: no answer in time, given once more`)
    return this.#mqadminOnce(args)
  }

  async #mqadminOnce(args: readonly string[]): Promise<string> {
    return (await this.#request({ op: 'mqadmin', args }).answer).out ?? ''
  }

  /** `limitMs`: by when it has to have ended. */
  start(scenario: string, args: Record<string, string | number>, limitMs = requestLimitMs): RunningScenario {
    const seen = new Set<string>()
    const waiting = new Map<string, () => void>()
    const onEvent = (event: string): void => {
      seen.add(event)
      waiting.get(event)?.()
    }
    const { id, answer } = this.#request({ op: 'run', scenario, args }, onEvent, limitMs)
    const result = answer.then((line) => line as unknown as ScenarioResult)
    // A scenario that nobody waits for any more, because its test has failed, ends with the driver.
    result.catch(() => undefined)
    return {
      result,
      signal: (name) => this.#child.stdin?.write(`${JSON.stringify({ id: 0, op: 'signal', run: id, name })}\n`),
      awaitEvent: async (event) => {
        if (seen.has(event)) return
        await Promise.race([
          new Promise<void>((resolve) => waiting.set(event, resolve)),
          result.then((row) => {
            throw new Error(`${scenario} ended before ${event}: ${row.faults.join('; ')}`)
          }),
        ])
      },
    }
  }

  run(scenario: string, args: Record<string, string | number>): Promise<ScenarioResult> {
    return this.start(scenario, args).result
  }

  /** Closes the input, which ends the program; kills it if it has not ended after five seconds. */
  async close(): Promise<void> {
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    await this.#ended
    clearTimeout(timer)
  }
}
