import { AsyncLocalStorage } from 'node:async_hooks'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

/** Whose servers run: the project's own or Apache RocketMQ's. */
export type Engine = 'gantry' | 'apache'

/** Those, and Apache RocketMQ's of the line before controller mode. */
export type ServerEngine = Engine | 'apache-4.9'

const compatDir = import.meta.dirname
/** A JVM on a busy machine takes half a minute to end in order, */
const stopWaitMs = 90_000
/** and more to its first accept. */
const startLimitMs = 240_000

type Kind = 'namesrv' | 'broker' | 'controller' | 'proxy'

const programs: Record<ServerEngine, Partial<Record<Kind, string>>> = {
  'apache-4.9': {
    namesrv: join(compatDir, 'reference/4.9/namesrv.sh'),
    broker: join(compatDir, 'reference/4.9/broker.sh'),
  },
  apache: {
    namesrv: join(compatDir, 'reference/namesrv.sh'),
    broker: join(compatDir, 'reference/broker.sh'),
    controller: join(compatDir, 'reference/controller.sh'),
    proxy: join(compatDir, 'reference/proxy.sh'),
  },
  gantry: {
    namesrv: join(compatDir, '../../runtime/bin/mqnamesrv'),
    broker: join(compatDir, '../../runtime/bin/mqbroker'),
    controller: join(compatDir, '../../runtime/bin/mqcontroller'),
    proxy: join(compatDir, '../../runtime/bin/mqproxy'),
  },
}

/** Every server started and not yet seen to end; the runner stops them whatever happens. */
const running = new Set<Server>()
/** Those of the part that runs, where parts run side by side. */
const runningOfPart = new AsyncLocalStorage<Set<Server>>()

/** One NameServer, controller or broker process with its conf file; can be stopped, killed and started again on the same store. */
export class Server {
  readonly name: string
  readonly kind: Kind
  readonly port: number
  readonly dir: string
  engine: ServerEngine
  conf: Record<string, string | number | boolean>
  /** Of a broker: the conf of the proxy in its process, with grpcServerPort, from the next start on. None: no proxy. */
  proxy: Record<string, string | number | boolean> | undefined
  readonly #jvm: string
  readonly #env: Record<string, string>
  #process: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()

  constructor(options: {
    name: string
    kind: Kind
    engine: ServerEngine
    port: number
    dir: string
    conf: Record<string, string | number | boolean>
    jvm: string
    /** Further environment variables; they win over the ones set here. */
    env?: Record<string, string>
  }) {
    this.name = options.name
    this.kind = options.kind
    this.engine = options.engine
    this.port = options.port
    this.dir = options.dir
    this.conf = options.conf
    this.#jvm = options.jvm
    this.#env = { ...options.env }
  }

  addEnvironment(name: string, words: string): void {
    this.#env[name] = `${this.#env[name] ?? ''} ${words}`
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Of the running server itself: the scripts `exec` it. Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  get logFile(): string {
    return join(this.dir, `${this.name}.out`)
  }

  /** Starts the process and waits until its port accepts. Throws with the tail of its output if it ends first. */
  async start(): Promise<void> {
    mkdirSync(this.dir, { recursive: true })
    const confFile = join(this.dir, `${this.name}.conf`)
    writeFileSync(confFile, this.kind === 'proxy' ? JSON.stringify(this.conf) : propertiesText(this.conf))
    const log = openSync(this.logFile, 'a')
    const { program, args } = this.#command(confFile)
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        RMQ_HOME_DIR: join(this.dir, `${this.name}-home`),
        RMQ_HEAP: this.kind === 'broker' ? '512m' : '160m',
        // Start-up time counts here, peak speed does not.
        RMQ_JVM: `-XX:TieredStopAtLevel=1 ${this.#jvm}`,
        RMQ_GC: '-XX:+UseSerialGC',
        ...this.#env,
      },
    })
    this.#process = child
    const ofPart = runningOfPart.getStore()
    running.add(this)
    ofPart?.add(this)
    this.#ended = new Promise((resolve) => {
      const done = (): void => {
        running.delete(this)
        ofPart?.delete(this)
        this.#process = undefined
        resolve()
      }
      child.once('error', (error) => {
        writeFileSync(this.logFile, `${error.message}\n`, { flag: 'a' })
        done()
      })
      child.once('exit', done)
    })
    await waitUntil(`port of ${this.name}`, startLimitMs, async () => {
      if (this.#process === undefined)
        throw new Error(`${this.name} (${this.engine}) ended at once:\n${this.logTail()}`)
      return (await accepts(this.port)) && (this.proxy === undefined || accepts(Number(this.proxy['grpcServerPort'])))
    })
  }

  #command(confFile: string): { program: string; args: string[] } {
    const isOneJvm = this.proxy !== undefined && this.engine !== 'gantry'
    const program = programs[this.engine][isOneJvm ? 'proxy' : this.kind]
    if (program === undefined) throw new Error(`${this.engine} has no ${this.kind}`)
    if (this.kind === 'proxy') return { program, args: ['-pm', 'cluster', '-pc', confFile] }
    if (this.proxy === undefined) return { program, args: ['-c', confFile] }
    const proxyFile = join(this.dir, `${this.name}-proxy.json`)
    writeFileSync(proxyFile, JSON.stringify(this.proxy))
    const mode = isOneJvm ? ['-pm', 'local', '-bc', confFile] : ['-c', confFile, '--enable-proxy']
    return { program, args: [...mode, '-pc', proxyFile] }
  }

  logTail(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').slice(-2000) : ''
  }

  /** Ends the process with `signal` and waits for it; after 90 s it is killed, and that is an error. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWaitMs)
    const startedMs = Date.now()
    await this.#ended
    clearTimeout(timer)
    if (Date.now() - startedMs >= stopWaitMs)
      throw new Error(`${this.name} (${this.engine}) did not stop within ${stopWaitMs} ms`)
  }
}

function propertiesText(conf: Record<string, string | number | boolean>): string {
  const lines = Object.entries(conf).map(([key, value]) => `${key}=${value}`)
  return `${lines.join('\n')}\n`
}

/** Stops all servers still running, newest first. */
export async function stopAllServers(): Promise<void> {
  await stopServers(running)
}

/** Stops at the end of `run` what it has started and left running, whatever became of it. */
export async function withOwnServers(run: () => Promise<void>): Promise<void> {
  const own = new Set<Server>()
  try {
    await runningOfPart.run(own, run)
  } finally {
    await stopServers(own)
  }
}

async function stopServers(servers: ReadonlySet<Server>): Promise<void> {
  for (const server of [...servers].reverse()) await server.stop('SIGKILL')
}

/** Polls `probe` every 50 ms. Throws after `limitMs`, naming what was waited for and the last error of the probe. */
export async function waitUntil(what: string, limitMs: number, probe: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = Date.now() + limitMs
  let lastError: unknown
  while (Date.now() < deadlineMs) {
    try {
      if (await probe()) return
      lastError = undefined
    } catch (error) {
      if (error instanceof Error && error.message.includes('ended at once')) throw error
      lastError = error
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${what}: not within ${limitMs} ms${lastError === undefined ? '' : ` (${String(lastError)})`}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  })
}

// Below the range from which the system takes outgoing ports, and different from run to run.
let nextBlock = 12_000 + 10 * Math.floor(Math.random() * 1500)

/** The base of a block in which base-2 to base+1 are free now; blocks are ten apart, as brokers on one machine must be. */
export async function freePortBlock(): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const base = nextBlock
    nextBlock = nextBlock + 10 > 32_000 ? 12_000 : nextBlock + 10
    const free = await Promise.all([base - 2, base, base + 1].map(isFree))
    if (free.every(Boolean)) return base
  }
  throw new Error('no free block of ports between 12000 and 32000')
}
