import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PrivateNetwork } from './private-network.ts'

export interface MachineOptions {
  readonly name: string
  /** Read-only root file system; see debianRoot. */
  readonly root: string
  readonly network: PrivateNetwork
  /** Names it knows without a name server. */
  readonly names: Readonly<Record<string, string>>
  /** Certificate it trusts beside those of its distribution. */
  readonly certificate: string
}

const setUpSecondsMax = 300
const stopSecondsMax = 60

/** A container with systemd as its first process, on a copy of a root file system that is thrown away afterwards. */
export class Machine {
  readonly #child: ChildProcess
  readonly #folder = mkdtempSync(join(tmpdir(), 'gantry-machine-'))
  readonly #overlay: string
  readonly #ended: Promise<void>
  #console = ''
  #leader = 0

  private constructor({ name, root, network, names, certificate }: MachineOptions) {
    const [upper, work, merged] = ['upper', 'work', 'merged'].map((part) => join(this.#folder, part))
    for (const folder of [upper, work, merged]) mkdirSync(folder ?? '')
    this.#overlay = merged ?? ''
    mustRun('mount', [
      '-t',
      'overlay',
      'overlay',
      '-o',
      `lowerdir=${root},upperdir=${upper},workdir=${work}`,
      this.#overlay,
    ])
    const hosts = Object.entries(names).map(([host, address]) => `${address} ${host}\n`)
    writeFileSync(join(this.#overlay, 'etc/hosts'), `127.0.0.1 localhost\n${hosts.join('')}`)
    writeFileSync(join(this.#overlay, 'usr/local/share/ca-certificates/test.crt'), readFileSync(certificate))
    mustRun('chroot', [this.#overlay, 'update-ca-certificates'])
    const flags = ['--quiet', '--register=no', '--keep-unit', '--boot', `--machine=${name}`, '--resolv-conf=off']
    flags.push(
      `--directory=${this.#overlay}`,
      `--network-namespace-path=${network.path}`,
      '--console=pipe',
      '--rlimit=NOFILE=655360',
    )
    this.#child = spawn('systemd-nspawn', flags, { stdio: ['pipe', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#console += text
      })
    }
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()))
  }

  static start(options: MachineOptions): Machine {
    return new Machine(options)
  }

  /** What its console showed. */
  get console(): string {
    return this.#console
  }

  /** Runs a command inside; its output. @throws Error when it fails */
  run(...words: string[]): string {
    const { status, stdout, stderr } = this.attempt(...words)
    if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}${stdout}`)
    return stdout
  }

  attempt(...words: string[]): { status: number | null; stdout: string; stderr: string } {
    const flags = ['--target', String(this.#leaderPid()), '--mount', '--uts', '--ipc', '--net', '--pid']
    return spawnSync('nsenter', [...flags, ...words], { encoding: 'utf8', timeout: setUpSecondsMax * 1000 })
  }

  /** The first process of the container: the only child of systemd-nspawn. */
  #leaderPid(): number {
    if (this.#leader !== 0) return this.#leader
    const { pid } = this.#child
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    const last = Number(children.at(-1))
    if (!Number.isInteger(last) || last === 0)
      throw new Error(`the machine does not run: ${this.#console.slice(-2000)}`)
    this.#leader = last
    return last
  }

  /** Waits until its first process answers. */
  async booted(): Promise<void> {
    const deadline = Date.now() + setUpSecondsMax * 1000
    while (
      !/^(running|starting|degraded|initializing)/.test(this.#bootedStatus('systemctl', 'is-system-running').stdout)
    ) {
      // What was found may have been a helper of systemd-nspawn that is there only until the first process is.
      this.#leader = 0
      if (Date.now() > deadline) throw new Error(`the machine does not boot: ${this.#console.slice(-3000)}`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  /** Waits until cloud-init has come to its end. @returns the output of user data, and whether it succeeded */
  async setUp(): Promise<{ readonly ok: boolean; readonly output: string }> {
    const deadline = Date.now() + setUpSecondsMax * 1000
    for (;;) {
      const { status, stdout } = this.#bootedStatus('cat', '/run/cloud-init/result.json')
      if (status === 0) {
        const { v1 } = JSON.parse(stdout) as { v1: { errors: string[] } }
        return { ok: v1.errors.length === 0, output: this.run('cat', '/var/log/cloud-init-output.log') }
      }
      if (Date.now() > deadline) throw new Error(`cloud-init did not end: ${stdout}\n${this.#console.slice(-3000)}`)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }

  /** Also while there is no first process yet. */
  #bootedStatus(...words: string[]) {
    try {
      return this.attempt(...words)
    } catch (error) {
      return { status: null, stdout: (error as Error).message }
    }
  }

  /** Gives it a block device under another name, as when a volume is attached. */
  attach(device: string, path: string): void {
    const [, major, minor] =
      /^.* (\d+), *(\d+) /.exec(spawnSync('ls', ['-l', device], { encoding: 'utf8' }).stdout) ?? []
    this.run('mkdir', '-p', join(path, '..'))
    this.run('mknod', path, 'b', major ?? '', minor ?? '')
  }

  /** Shuts it down in good order. */
  async stop(): Promise<void> {
    // systemd-nspawn passes it on as a request to shut down.
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopSecondsMax * 1000)
    await this.#ended
    clearTimeout(timer)
    mustRun('umount', [this.#overlay])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function mustRun(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`)
}
