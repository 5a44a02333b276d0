import { type ChildProcess, spawn } from 'node:child_process'
import * as http from 'node:http'
import * as https from 'node:https'
import { Duplex, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type DockerEndpoint, endpointAddress } from './docker-endpoint.ts'

/** The engine answered that it did not do it. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  /** HTTP status: 404 for what is not there, 409 for a conflict. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A body to send: a stream of bytes with its type, or a value to send as JSON. */
export type EngineBody = { readonly tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array> } | { readonly json: unknown }

/**
 * Speaks the API of one Docker Engine. Paths carry no version: engines serve their newest then, and what is used here is
 * the same in all of them since 20.10.
 */
export class EngineClient {
  readonly #endpoint: DockerEndpoint

  constructor(endpoint: DockerEndpoint) {
    this.#endpoint = endpoint
  }

  /** The answer's JSON; undefined for an empty one. */
  async ask<T>(method: string, path: string, body?: EngineBody): Promise<T> {
    const text = await textOf(await this.open(method, path, body))
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** The same for something that may not be there. */
  async find<T>(path: string): Promise<T | undefined> {
    const stream = await this.findStream(path)
    return stream === undefined ? undefined : (JSON.parse(await textOf(stream)) as T)
  }

  async findStream(path: string): Promise<Readable | undefined> {
    try {
      return await this.open('GET', path)
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined
      throw error
    }
  }

  /** The answer's body as it arrives. @throws EngineError when the engine did not do it */
  async open(method: string, path: string, body?: EngineBody): Promise<Readable> {
    const { transport, options, done } = this.#connection()
    const headers =
      body === undefined ? {} : { 'content-type': 'tar' in body ? 'application/x-tar' : 'application/json' }
    const request = transport.request({ ...options, method, path, headers })
    const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.once('error', (error) => reject(new Error(`no answer from ${this.#endpoint.host}: ${error.message}`)))
    })
    await Promise.all([answered, send(request, body)])
    const response = await answered
    response.once('close', done)
    const { statusCode = 0 } = response
    if (statusCode < 400) return response
    const text = await textOf(response)
    throw new EngineError(statusCode, messageIn(text) ?? `${method} ${path} was answered with ${statusCode}`)
  }

  #connection() {
    const address = endpointAddress(this.#endpoint)
    const { caMaterial, certMaterial, keyMaterial, sshOpts = [] } = this.#endpoint
    const nothing = () => {}
    if (address.kind === 'unix') return { transport: http, options: { socketPath: address.path }, done: nothing }
    if (address.kind === 'ssh') {
      const child = dialThroughSsh(address, sshOpts)
      // Without an agent, which would make connections of its own.
      const options = { createConnection: () => streamOf(child), host: 'docker' }
      return { transport: http, options, done: () => void child.kill() }
    }
    const { host, port } = address
    if (keyMaterial === undefined) return { transport: http, options: { host, port }, done: nothing }
    const tls = { ca: caMaterial, cert: certMaterial, key: keyMaterial, rejectUnauthorized: caMaterial !== undefined }
    return { transport: https, options: { host, port, ...tls }, done: nothing }
  }
}

/** What the `docker` command does too: the other side's own `docker` joins the stream with its engine's socket. */
function dialThroughSsh(
  { destination, port }: { destination: string; port: string | undefined },
  flags: readonly string[],
): ChildProcess {
  const portFlags = port === undefined ? [] : ['-p', port]
  const command = [...flags, ...portFlags, '--', destination, 'docker', 'system', 'dial-stdio']
  return spawn('ssh', ['-o', 'ConnectTimeout=30', '-T', ...command], { stdio: ['pipe', 'pipe', 'pipe'] })
}

function streamOf(child: ChildProcess): Duplex {
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('ssh was started without pipes')
  const stream = Duplex.from({ writable: stdin, readable: stdout })
  let words = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  child.once('error', (error) => stream.destroy(error))
  child.once('close', (code) => {
    if (code !== 0 && code !== null) stream.destroy(new Error(`ssh ended with ${code}: ${words.trim()}`))
  })
  return stream
}

async function send(request: http.ClientRequest, body: EngineBody | undefined): Promise<void> {
  if (body === undefined) request.end()
  else if ('json' in body) request.end(JSON.stringify(body.json))
  else {
    try {
      await pipeline(body.tar, request)
    } catch (error) {
      // An engine that refuses early stops reading; its answer says why.
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    }
  }
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function messageIn(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' ? message : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
