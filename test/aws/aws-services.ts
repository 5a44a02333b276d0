import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PrivateNetwork } from './private-network.ts'

const program = fileURLToPath(new URL('./fake-aws.ts', import.meta.url))
const key = { id: 'ASIAEXAMPLE', secret: 'secret-of-the-role', token: 'session-token' }

/** The services in fake-aws.ts, running in a network, and what they have to give. */
export class AwsServices {
  readonly region = 'eu-central-1'
  readonly #folder = mkdtempSync(join(tmpdir(), 'gantry-aws-'))
  #child: ChildProcess | undefined
  #requests = ''

  constructor() {
    const names = 'subjectAltName=DNS:*.s3.eu-central-1.amazonaws.com,DNS:ssm.eu-central-1.amazonaws.com'
    const flags = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test', '-addext', names]
    const files = ['-keyout', join(this.#folder, 'tls.key'), '-out', this.certificate]
    execFileSync('openssl', ['req', '-x509', ...flags, ...files], { stdio: 'pipe' })
    writeFileSync(join(this.#folder, 'key.json'), JSON.stringify(key))
    writeFileSync(join(this.#folder, 'region'), this.region)
    writeFileSync(join(this.#folder, 'parameters.json'), '{}')
    this.userData = ''
  }

  get certificate(): string {
    return join(this.#folder, 'tls.crt')
  }

  /** One line per request so far. */
  get requests(): string {
    return this.#requests
  }

  /** What the next machine that starts is given. */
  set userData(content: string | Buffer) {
    writeFileSync(join(this.#folder, 'user-data'), content)
  }

  set parameters(values: Readonly<Record<string, string>>) {
    writeFileSync(join(this.#folder, 'parameters.json'), JSON.stringify(values))
  }

  /** Puts a file into a bucket. @returns its checksum */
  put(bucket: string, objectKey: string, file: string): string {
    const target = join(this.#folder, 'objects', bucket, objectKey)
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(file, target)
    return createHash('sha256')
      .update(execFileSync('cat', [file], { maxBuffer: 2 ** 30 }))
      .digest('hex')
  }

  async start(network: PrivateNetwork): Promise<void> {
    network.add('169.254.169.254')
    const [command, words] = network.command([process.execPath, program, this.#folder])
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the services ended (${code})`)))
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        this.#requests += text
        if (text.includes('ready')) resolve()
      })
    })
  }

  stop(): void {
    this.#child?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
