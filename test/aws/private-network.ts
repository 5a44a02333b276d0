import { spawnSync } from 'node:child_process'

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
  if (error) throw new Error(`cannot run ip: ${error.message}; install iproute2`)
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()} (network namespaces need root)`)
}

/** A network namespace with loopback only: whatever address is used in it, nothing gets out or in. */
export class PrivateNetwork {
  readonly name = `gantry-aws-${process.pid}`

  constructor() {
    ip('netns', 'add', this.name)
    ip('-n', this.name, 'link', 'set', 'lo', 'up')
  }

  get path(): string {
    return `/run/netns/${this.name}`
  }

  add(address: string): void {
    ip('-n', this.name, 'address', 'replace', `${address}/32`, 'dev', 'lo')
  }

  /** A command as it is run inside. */
  command(words: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.name, ...words]]
  }

  remove(): void {
    ip('netns', 'delete', this.name)
  }
}
