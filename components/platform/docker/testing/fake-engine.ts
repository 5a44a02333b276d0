import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { containerDataDir } from '../../../plan/docker-hosts.ts'
import { type TarEntry, tarOf } from '../engine/tar.ts'

/** A container of the fake engine, with one volume. */
export interface FakeContainer {
  readonly id: string
  name: string
  readonly user: string
  readonly volume: string
  readonly labels: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  /** A finished run has seen it. */
  readonly isMarked: boolean
  isRunning: boolean
  exitCode: number
}

/** What becomes of a container that changes a volume's owner: it does so, ends before, or does not end. */
export type Outcome = 'done' | 'fails' | 'hangs'

/**
 * As much of a Docker Engine as it takes to give volumes to users, on a socket of its own. It knows of a volume to whom its top
 * folder belongs, and of what was done in which order.
 */
export class FakeEngine {
  readonly containers = new Map<string, FakeContainer>()
  /** `uid:gid` of each volume's top folder. */
  readonly owners = new Map<string, string>()
  /** `create NAME`, `start NAME`, `stop NAME`, `remove NAME`. */
  readonly done: string[] = []
  outcome: Outcome = 'done'
  readonly host: string
  readonly #folder: string
  readonly #server: Server
  #ids = 0

  private constructor(folder: string) {
    this.#folder = folder
    const path = join(folder, 'docker.sock')
    this.host = `unix://${path}`
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#server.listen(path)
  }

  static async start(): Promise<FakeEngine> {
    const engine = new FakeEngine(mkdtempSync(join(tmpdir(), 'gantry-fake-')))
    await new Promise<void>((resolve) => engine.#server.once('listening', resolve))
    return engine
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()))
    rmSync(this.#folder, { recursive: true })
  }

  add(container: Partial<FakeContainer> & Pick<FakeContainer, 'name' | 'volume'>): FakeContainer {
    const known = {
      id: `id-${++this.#ids}`,
      user: '',
      labels: {},
      entrypoint: [],
      isMarked: false,
      isRunning: true,
      exitCode: 0,
    }
    const made: FakeContainer = { ...known, ...container }
    this.containers.set(made.id, made)
    return made
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://docker')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    // Files for a container: none of them is read here.
    if (request.method === 'PUT') return void response.end()
    const body = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>)
    const json = (value: unknown, status = 200) => response.writeHead(status).end(JSON.stringify(value))
    const [, , key = '', verb = ''] = pathname.split('/')
    if (request.method === 'POST' && key === 'create') return void json({ Id: this.#create(searchParams, body) })
    if (request.method === 'GET' && key === 'json') return void json(this.#list(searchParams))
    const name = decodeURIComponent(key)
    const found = [...this.containers.values()].find((each) => each.id === name || each.name === name)
    if (found === undefined) return void json({ message: 'no such container' }, 404)
    if (verb === 'archive') return this.#archive(found, searchParams.get('path') ?? '', response)
    if (request.method === 'GET' && verb === 'json') return void json(described(found))
    if (request.method === 'GET') return void response.end(framed('chown: not permitted\n'))
    this.#act(found, request.method === 'DELETE' ? 'remove' : verb)
    response.writeHead(204).end()
  }

  #create(query: URLSearchParams, body: Record<string, unknown>): string {
    const { User, Entrypoint, Cmd, HostConfig } = body as {
      User: string
      Entrypoint: string[]
      Cmd: string[]
      HostConfig: { Mounts: { Source: string }[] }
    }
    const name = query.get('name') ?? ''
    this.done.push(`create ${name}`)
    const [{ Source: volume = '' } = {}] = HostConfig.Mounts
    return this.add({ name, volume, user: User, entrypoint: [...Entrypoint, ...Cmd], isRunning: false }).id
  }

  #list(query: URLSearchParams): object[] {
    const { volume } = JSON.parse(query.get('filters') ?? '{}') as { volume?: string[] }
    return [...this.containers.values()]
      .filter(({ isRunning }) => isRunning || query.has('all'))
      .filter((each) => volume === undefined || volume.includes(each.volume))
      .map(({ id, name, labels }) => ({ Id: id, Names: [`/${name}`], Labels: labels, Ports: [] }))
  }

  async #archive({ id, volume, isMarked }: FakeContainer, path: string, response: ServerResponse): Promise<void> {
    const [uid = 0, gid = 0] = (this.owners.get(volume) ?? '0:0').split(':').map(Number)
    const top: TarEntry = { path: 'gantry/', content: { folderMode: 0o755, owner: { uid, gid } } }
    const mark: TarEntry = { path: 'mark', content: { text: id, mode: 0o644 } }
    if (path !== containerDataDir && !isMarked) return void response.writeHead(404).end('{}')
    for await (const chunk of tarOf([path === containerDataDir ? top : mark])) response.write(chunk)
    response.end()
  }

  #act(container: FakeContainer, verb: string): void {
    this.done.push(`${verb} ${container.name}`)
    if (verb === 'remove') this.containers.delete(container.id)
    if (verb === 'stop') container.isRunning = false
    if (verb === 'start' && container.entrypoint.length === 0) container.isRunning = true
    else if (verb === 'start') this.#changeOwner(container)
  }

  #changeOwner(container: FakeContainer): void {
    const isDone = this.outcome === 'done'
    this.owners.set(container.volume, isDone ? (container.entrypoint.at(-1) ?? '') : '0:0')
    container.isRunning = this.outcome === 'hangs'
    container.exitCode = isDone ? 0 : 1
  }
}

const described = ({ id, name, user, volume, labels, isRunning, exitCode }: FakeContainer): object => ({
  Id: id,
  Name: `/${name}`,
  Image: 'image',
  RestartCount: 0,
  Config: { User: user, Labels: labels },
  State: { Running: isRunning, Restarting: false, ExitCode: exitCode, Error: '' },
  Mounts: [{ Name: volume, Destination: containerDataDir }],
})

/** A line of a log: see lastWords. */
const framed = (text: string): Buffer => {
  const head = Buffer.from([2, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(text.length, 4)
  return Buffer.concat([head, Buffer.from(text)])
}
