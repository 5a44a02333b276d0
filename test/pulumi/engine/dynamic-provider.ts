import { type ChildProcess, spawn } from 'node:child_process'
import * as grpc from '@grpc/grpc-js'
import provider from '@pulumi/pulumi/proto/provider_grpc_pb.js'
import messages from '@pulumi/pulumi/proto/provider_pb.js'
import type { Project } from './project.ts'
import type { Difference, ResourceProvider } from './resource-provider.ts'
import { dynamicProviderFile, fromStruct, messageSizes, toStruct } from './sdk.ts'
import type { Properties } from './values.ts'

/** The SDK's own provider of dynamic resources, in a process of its own. */
export class DynamicProvider implements ResourceProvider {
  readonly #child: ChildProcess
  readonly #client: provider.ResourceProviderClient

  private constructor(child: ChildProcess, port: string) {
    this.#child = child
    this.#client = new provider.ResourceProviderClient(
      `127.0.0.1:${port}`,
      grpc.credentials.createInsecure(),
      messageSizes,
    )
  }

  static async start(project: Project, engineAddress: string, print: (text: string) => void): Promise<DynamicProvider> {
    const child = spawn(process.execPath, [dynamicProviderFile, engineAddress], {
      cwd: project.programFolder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    // Nobody else ends it when this process is told to end.
    const end = () => child.kill()
    process.once('exit', end)
    child.once('exit', () => process.removeListener('exit', end))
    child.stderr.setEncoding('utf8').on('data', print)
    const port = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the dynamic provider ended (${code})`)))
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const [, found] = /^(\d+)\s/.exec(text) ?? []
        if (found !== undefined) resolve(found)
        else print(text)
      })
    })
    const started = new DynamicProvider(child, port)
    const args = new messages.ConfigureRequest()
    args.setArgs(toStruct(project.config))
    await started.#call<messages.ConfigureResponse>((done) => started.#client.configure(args, done))
    return started
  }

  async check(urn: string, olds: Properties, news: Properties): Promise<Properties> {
    const request = new messages.CheckRequest()
    request.setUrn(urn)
    request.setOlds(toStruct(olds))
    request.setNews(toStruct(news))
    const response = await this.#call<messages.CheckResponse>((done) => this.#client.check(request, done))
    const failures = response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`)
    if (failures.length > 0) throw new Error(`${urn}: ${failures.join('; ')}`)
    return fromStruct(response.getInputs())
  }

  async diff(urn: string, id: string, olds: Properties, news: Properties): Promise<Difference> {
    const request = new messages.DiffRequest()
    request.setUrn(urn)
    request.setId(id)
    request.setOlds(toStruct(olds))
    request.setNews(toStruct(news))
    const response = await this.#call<messages.DiffResponse>((done) => this.#client.diff(request, done))
    const { DIFF_UNKNOWN, DIFF_SOME } = messages.DiffResponse.DiffChanges
    const changes = response.getChanges()
    return {
      changes: changes === DIFF_UNKNOWN ? undefined : changes === DIFF_SOME,
      replaces: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
    }
  }

  async create(urn: string, news: Properties): Promise<{ readonly id: string; readonly outputs: Properties }> {
    const request = new messages.CreateRequest()
    request.setUrn(urn)
    request.setProperties(toStruct(news))
    const response = await this.#call<messages.CreateResponse>((done) => this.#client.create(request, done))
    return { id: response.getId(), outputs: fromStruct(response.getProperties()) }
  }

  async update(urn: string, id: string, olds: Properties, news: Properties): Promise<Properties> {
    const request = new messages.UpdateRequest()
    request.setUrn(urn)
    request.setId(id)
    request.setOlds(toStruct(olds))
    request.setNews(toStruct(news))
    const response = await this.#call<messages.UpdateResponse>((done) => this.#client.update(request, done))
    return fromStruct(response.getProperties())
  }

  /** Undefined when the resource is gone. */
  async read(urn: string, id: string, known: Properties): Promise<Properties | undefined> {
    const request = new messages.ReadRequest()
    request.setUrn(urn)
    request.setId(id)
    request.setProperties(toStruct(known))
    const response = await this.#call<messages.ReadResponse>((done) => this.#client.read(request, done))
    return response.getId() === '' ? undefined : fromStruct(response.getProperties())
  }

  async delete(urn: string, id: string, known: Properties): Promise<void> {
    const request = new messages.DeleteRequest()
    request.setUrn(urn)
    request.setId(id)
    request.setProperties(toStruct(known))
    await this.#call((done) => this.#client.delete(request, done))
  }

  stop(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#client.close()
    this.#child.kill(signal)
  }

  #call<Response>(send: (done: (error: grpc.ServiceError | null, response: Response) => void) => void) {
    return new Promise<Response>((resolve, reject) => {
      send((error, response) => (error === null ? resolve(response) : reject(new Error(error.details))))
    })
  }
}
